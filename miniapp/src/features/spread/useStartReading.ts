import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { unwrap } from '@/api/client';
import { keys } from '@/api/queries';
import { useServices } from '@/app/services';

/** Letters, as the API allows. */
export const QUESTION_LIMIT = 500;

interface Wish {
  spread: string;
  question: string;
}

/**
 * Starts a reading. The idempotency key belongs to the wish, not to the try: a repeated tap or a lost answer starts
 * nothing twice, and an edited question is a new wish.
 */
export function useStartReading() {
  const { api } = useServices();
  const client = useQueryClient();
  const wish = useRef<{ text: string; key: string } | null>(null);

  return useMutation({
    mutationFn: ({ spread, question }: Wish) => {
      const text = JSON.stringify([spread, question]);
      if (wish.current?.text !== text) wish.current = { text, key: randomKey() };
      return unwrap(
        api.POST('/api/v1/readings', {
          params: { header: { 'Idempotency-Key': wish.current.key } },
          body: { spread, question: question.trim() || null },
        }),
      );
    },
    onSuccess: () => {
      wish.current = null;
      void client.invalidateQueries({ queryKey: keys.me });
      void client.invalidateQueries({ queryKey: keys.history });
    },
  });
}

/** `crypto.randomUUID` is missing in older web views. */
export const randomKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
