import { keepPreviousData, type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { unwrap } from '@/api/client';
import { keys } from '@/api/queries';
import type { Catalogue, NewOrder } from '@/api/types';
import { useServices } from '@/app/services';
import { randomKey } from '@/features/spread/useStartReading';

export const shopKeys = {
  shop: ['shop'] as const,
  orders: ['orders'] as const,
  order: (id: string) => ['order', id] as const,
  gifts: ['gifts'] as const,
  subscription: ['subscription'] as const,
};

/** What is for sale and what it costs. `catalogue` is what it is asked anew for: a change in the store is one there. */
export function useShop(coupon: string | null, catalogue?: Catalogue) {
  const { api } = useServices();
  const client = useQueryClient();
  const known = useRef(catalogue);
  useEffect(() => {
    if (known.current && known.current !== catalogue) void client.invalidateQueries({ queryKey: shopKeys.shop });
    known.current = catalogue;
  }, [catalogue, client]);
  return useQuery({
    queryKey: [...shopKeys.shop, coupon],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/shop', { params: { query: coupon ? { coupon } : {} }, signal })),
    placeholderData: keepPreviousData,
  });
}

const CODE = ['coupon'] as const;

/** The coupon's code that was typed: it holds for the whole shop, until the app is closed. */
export function useCoupon(): [string | null, (code: string | null) => void] {
  const client = useQueryClient();
  const { data } = useQuery({
    queryKey: CODE,
    queryFn: () => '',
    initialData: '',
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return [data || null, (code) => void client.setQueryData(CODE, code ?? '')];
}

/** Places an order. The idempotency key belongs to what is wished for, not to the try. */
export function usePlaceOrder() {
  const { api } = useServices();
  const client = useQueryClient();
  const wish = useRef<{ text: string; key: string } | null>(null);
  return useMutation({
    mutationFn: (body: NewOrder) => {
      const text = JSON.stringify(body);
      if (wish.current?.text !== text) wish.current = { text, key: randomKey() };
      return unwrap(api.POST('/api/v1/orders', { params: { header: { 'Idempotency-Key': wish.current.key } }, body }));
    },
    onSuccess: ({ order }) => {
      wish.current = null;
      client.setQueryData(shopKeys.order(order.id), order);
      if (order.state === 'paid') refreshAfterPurchase(client);
      void client.invalidateQueries({ queryKey: shopKeys.orders });
    },
  });
}

/** What a purchase changes: the balance, what is offered, and the lists. */
export function refreshAfterPurchase(client: QueryClient): void {
  for (const queryKey of [keys.me, shopKeys.shop, shopKeys.orders, shopKeys.gifts, shopKeys.subscription, ['reading']]) {
    void client.invalidateQueries({ queryKey });
  }
}
