import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { unwrap } from '@/api/client';
import { keys } from '@/api/queries';
import { useServices } from '@/app/services';
import { shopKeys } from '../shop/queries';

const LATELY = 4_000;

export function useSubscription() {
  const { api } = useServices();
  return useQuery({
    queryKey: shopKeys.subscription,
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/subscription', { signal })),
    staleTime: 0,
    // What was changed on the provider's own page is told to us a moment later; so is a payment that is being made.
    refetchInterval: ({ state }) => {
      const known = state.data?.subscription;
      return known && (known.actions.includes('portal') || known.state === 'grace') ? LATELY : false;
    },
  });
}

/** Renews no more, or again. Both may be asked for twice. */
export function useChangeSubscription() {
  const { api } = useServices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (action: 'cancel' | 'resume') =>
      unwrap(action === 'cancel' ? api.POST('/api/v1/subscription/cancel') : api.POST('/api/v1/subscription/resume')),
    onSuccess: (answer) => client.setQueryData(shopKeys.subscription, answer),
    onSettled: (_answer, error) => {
      void client.invalidateQueries({ queryKey: keys.me });
      if (error) void client.invalidateQueries({ queryKey: shopKeys.subscription });
    },
  });
}

export function usePortal() {
  const { api, platform } = useServices();
  return useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/subscription/portal')),
    onSuccess: ({ url }) => platform.openPage(url),
  });
}
