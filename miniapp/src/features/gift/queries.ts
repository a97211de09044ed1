import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { unwrap } from '@/api/client';
import { isCode } from '@/api/errors';
import { useServices } from '@/app/services';
import { refreshAfterPurchase, shopKeys } from '../shop/queries';

export function useGifts() {
  const { api } = useServices();
  return useQuery({
    queryKey: shopKeys.gifts,
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/gifts', { signal })),
  });
}

/** Opens a gift. A code opens once: whose first answer was lost hears that it was opened by himself. */
export function useRedeem() {
  const { api } = useServices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (code: string) => unwrap(api.POST('/api/v1/gifts/{code}/redeem', { params: { path: { code } } })),
    onSuccess: () => refreshAfterPurchase(client),
    onError: (error) => {
      if (isCode(error, 'gift_taken')) refreshAfterPurchase(client);
    },
  });
}
