import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { unwrap } from '@/api/client';
import { useServices } from '@/app/services';
import { randomKey } from '@/features/spread/useStartReading';
import type { LeadForm } from './form';

const DRAFT = ['lead', 'draft'];

/** What was written and not sent: it waits a few minutes for whoever looks something up elsewhere in the app. */
export function useDraft() {
  const client = useQueryClient();
  return {
    read: (): Partial<LeadForm> => client.getQueryData<Partial<LeadForm>>(DRAFT) ?? {},
    write: (draft: Partial<LeadForm>): void => void client.setQueryData(DRAFT, draft),
    drop: (): void => client.removeQueries({ queryKey: DRAFT }),
  };
}

/** Leaves a request. The idempotency key belongs to what was written, not to the try. */
export function useLeaveRequest() {
  const { api } = useServices();
  const wish = useRef<{ text: string; key: string } | null>(null);
  return useMutation({
    mutationFn: (form: LeadForm) => {
      const body = { name: form.name.trim(), phone: form.phone.trim(), about: form.about.trim() };
      const text = JSON.stringify(body);
      if (wish.current?.text !== text) wish.current = { text, key: randomKey() };
      return unwrap(api.POST('/api/v1/leads', { params: { header: { 'Idempotency-Key': wish.current.key } }, body }));
    },
  });
}
