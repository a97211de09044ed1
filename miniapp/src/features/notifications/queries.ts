import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
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

/**
 * Switches move under the finger: what the server has not answered yet is laid over what it said last.
 * `shown` gives the wishes as they are to be seen now.
 */
export function useChangeWishes() {
  const { api } = useServices();
  const client = useQueryClient();
  const [waiting, setWaiting] = useState<readonly NotificationWishesChanges[]>([]);
  const { mutate, isSuccess, isError, error } = useMutation({
    // One after the other, so that the last answer is the newest.
    scope: { id: 'wishes' },
    mutationFn: (changes: NotificationWishesChanges) => unwrap(api.PATCH('/api/v1/me/notifications', { body: changes })),
    onMutate: () => client.cancelQueries({ queryKey: WISHES }),
    onSuccess: (wishes) => client.setQueryData(WISHES, wishes),
    onSettled: (_wishes, _error, changes) => setWaiting((list) => list.filter((one) => one !== changes)),
  });
  const change = (changes: NotificationWishesChanges) => {
    setWaiting((list) => [...list, changes]);
    mutate(changes);
  };
  const shown = (wishes: NotificationWishes) => waiting.reduce(changed, wishes);
  return { change, shown, saved: isSuccess && waiting.length === 0, error: isError ? error : null };
}

/** Shown at once, until the server has answered. */
export function changed(wishes: NotificationWishes, changes: NotificationWishesChanges): NotificationWishes {
  return {
    kinds: wishes.kinds.map((kind) => ({ ...kind, enabled: changes.kinds?.[kind.kind] ?? kind.enabled })),
    quiet: changes.quiet === undefined ? wishes.quiet : changes.quiet,
  };
}
