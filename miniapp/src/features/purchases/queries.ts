import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { unwrap } from '@/api/client';
import type { Again, Payment } from '@/api/types';
import { useServices } from '@/app/services';
import { shopKeys } from '../shop/queries';
import { pollDelay, type Way } from './stage';

/** One order, asked for again and again while it is being paid. */
export function useOrder(id: string) {
  const { api } = useServices();
  const [since] = useState(Date.now);
  return useQuery({
    queryKey: shopKeys.order(id),
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/orders/{order_id}', { params: { path: { order_id: id } }, signal })),
    staleTime: 0,
    refetchInterval: ({ state }) => pollDelay(state.data, Date.now() - since),
  });
}

export function useOrders() {
  const { api } = useServices();
  return useInfiniteQuery({
    queryKey: shopKeys.orders,
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET('/api/v1/orders', { params: { query: { limit: 20, ...(pageParam ? { cursor: pageParam } : {}) } }, signal })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });
}

/** Pays an order once more, or another way. Repeatable: there is one open attempt a provider. */
export function usePayAgain(id: string) {
  const { api } = useServices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Again) => unwrap(api.POST('/api/v1/orders/{order_id}/pay', { params: { path: { order_id: id } }, body })),
    onSuccess: ({ order }) => client.setQueryData(shopKeys.order(id), order),
    onError: () => void client.invalidateQueries({ queryKey: shopKeys.order(id) }),
  });
}

export function useCancelOrder(id: string) {
  const { api } = useServices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/orders/{order_id}/cancel', { params: { path: { order_id: id } } })),
    onSuccess: (order) => {
      client.setQueryData(shopKeys.order(id), order);
      void client.invalidateQueries({ queryKey: shopKeys.orders });
    },
    // Paid at the last moment: what is true now is shown.
    onError: () => void client.invalidateQueries({ queryKey: shopKeys.order(id) }),
  });
}

const wayKey = (id: string) => ['way', id] as const;

/** How the payment's window stands. */
export function useWay(id: string): Way | null {
  const { data } = useQuery<Way | null>({
    queryKey: wayKey(id),
    queryFn: () => null,
    initialData: null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data;
}

/** Brings the person to where this payment is made. */
export function useOpenPayment(): (id: string, payment: Payment | null) => void {
  const { platform } = useServices();
  const client = useQueryClient();
  return (id, payment) => {
    if (!payment?.url) return;
    if (payment.opens === 'redirect') {
      platform.openPage(payment.url);
      return;
    }
    client.setQueryData<Way>(wayKey(id), 'open');
    void platform.openInvoice(payment.url).then((end) => {
      client.setQueryData<Way>(wayKey(id), end);
      void client.invalidateQueries({ queryKey: shopKeys.order(id) });
    });
  };
}
