import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { unwrap } from '@/api/client';
import type { NotificationWishes, NotificationWishesChanges } from '@/api/types';
import { useServices } from '@/app/services';
import { allRead, type InboxPages } from './inbox';

const INBOX = ['notifications'] as const;
const WISHES = ['me', 'notifications'] as const;

/** The bell and the inbox look at the same pages. */
export function useInbox() {
  const { api } = useServices();
  return useInfiniteQuery({
    queryKey: INBOX,
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/notifications', {
          params: { query: { limit: 20, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: 60_000,
    refetchOnWindowFocus: 'always',
  });
}

/** Everything as old as this one and older is read. */
export function useMarkRead() {
  const { api } = useServices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (upTo: string) => unwrap(api.POST('/api/v1/notifications/read', { body: { up_to: upTo } })),
    onSuccess: ({ unread }) => {
      client.setQueryData<InboxPages>(INBOX, (inbox) => (inbox ? allRead(inbox, unread) : inbox));
    },
  });
}

export function useWishes() {
  const { api } = useServices();
  return useQuery({
    queryKey: WISHES,
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/me/notifications', { signal })),
  });
}

export function useChangeWishes() {
  const { api } = useServices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: NotificationWishesChanges) => unwrap(api.PATCH('/api/v1/me/notifications', { body: changes })),
    onMutate: async (changes) => {
      await client.cancelQueries({ queryKey: WISHES });
      const before = client.getQueryData<NotificationWishes>(WISHES);
      if (before) client.setQueryData<NotificationWishes>(WISHES, changed(before, changes));
      return { before };
    },
    onError: (_error, _changes, context) => {
      if (context?.before) client.setQueryData(WISHES, context.before);
    },
    onSuccess: (wishes) => client.setQueryData(WISHES, wishes),
  });
}

/** Shown at once, until the server has answered. */
export function changed(wishes: NotificationWishes, changes: NotificationWishesChanges): NotificationWishes {
  return {
    kinds: wishes.kinds.map((kind) => ({ ...kind, enabled: changes.kinds?.[kind.kind] ?? kind.enabled })),
    quiet: changes.quiet === undefined ? wishes.quiet : changes.quiet,
  };
}
