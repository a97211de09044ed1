import {
  keepPreviousData,
  QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { keptCatalogue } from './catalogue';
import { unwrap } from './client';
import { ApiError, isTransient, SessionEnded } from './errors';
import type { Catalogue, Me, MeChanges } from './types';

export const keys = {
  catalogue: (language: string) => ['catalogue', language] as const,
  me: ['me'] as const,
  reading: (id: string) => ['reading', id] as const,
  history: ['history'] as const,
  proof: (id: string) => ['proof', id] as const,
};

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        retry: (count, error) => count < 2 && isTransient(error),
        retryDelay: (attempt) => Math.min(6_000, 600 * 2 ** attempt),
      },
      // Every write carries its own key or is repeatable, so a lost answer may be asked for again.
      mutations: {
        networkMode: 'always',
        retry: (count, error) => count < 2 && isTransient(error),
        retryDelay: (attempt) => 500 * 2 ** attempt,
      },
    },
  });
}

export type CatalogueLoader = (language: string, signal?: AbortSignal) => Promise<Catalogue>;
export const CatalogueContext = createContext<CatalogueLoader | null>(null);

/** `fast` where prices are on the screen: a change in the store shows within three seconds. */
export function useCatalogue({ fast = false }: { fast?: boolean } = {}) {
  const { project } = useServices();
  const { language } = useTranslation();
  const load = useContext(CatalogueContext);
  if (!load) throw new Error('useCatalogue outside of CatalogueContext');
  return useQuery({
    queryKey: keys.catalogue(language),
    queryFn: ({ signal }) => load(language, signal),
    initialData: () => keptCatalogue(project.slug, language)?.body,
    initialDataUpdatedAt: 0,
    placeholderData: keepPreviousData,
    staleTime: fast ? 2_500 : 25_000,
    refetchInterval: fast ? 3_000 : 30_000,
    refetchOnWindowFocus: 'always',
    structuralSharing: false,
  });
}

export function useMe() {
  const { api } = useServices();
  return useQuery({
    queryKey: keys.me,
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/me', { signal })),
  });
}

export function useChangeMe() {
  const { api } = useServices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: MeChanges) => unwrap(api.PATCH('/api/v1/me', { body: changes })),
    onMutate: async (changes) => {
      await client.cancelQueries({ queryKey: keys.me });
      const before = client.getQueryData<Me>(keys.me);
      // Shown at once; when consent was given is for the server to say.
      const shown = Object.fromEntries(Object.entries(changes).filter(([field]) => field !== 'consent'));
      if (before) client.setQueryData<Me>(keys.me, { ...before, user: { ...before.user, ...shown } });
      return { before };
    },
    onError: (_error, _changes, context) => {
      if (context?.before) client.setQueryData(keys.me, context.before);
    },
    onSuccess: (me) => client.setQueryData(keys.me, me),
  });
}

export function useReading(id: string) {
  const { api } = useServices();
  return useQuery({
    queryKey: keys.reading(id),
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/readings/{reading_id}', { params: { path: { reading_id: id } }, signal })),
  });
}

export function useHistory() {
  const { api } = useServices();
  return useInfiniteQuery({
    queryKey: keys.history,
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/readings', {
          params: { query: { limit: 20, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function useSendReading() {
  const { api } = useServices();
  return useMutation({
    mutationFn: (id: string) => unwrap(api.POST('/api/v1/readings/{reading_id}/send', { params: { path: { reading_id: id } } })),
  });
}

export function useDeleteReading() {
  const { api } = useServices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => {
      try {
        await unwrap(api.DELETE('/api/v1/readings/{reading_id}', { params: { path: { reading_id: id } } }));
      } catch (error) {
        // Gone already is what was wanted: the first answer was lost on the way.
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      }
    },
    onSuccess: (_none, id) => {
      client.removeQueries({ queryKey: keys.reading(id) });
      void client.invalidateQueries({ queryKey: keys.history });
      void client.invalidateQueries({ queryKey: keys.me });
    },
  });
}

export const isSessionEnd = (error: unknown): boolean => error instanceof SessionEnded;
