import { useMutation, useQueryClient } from '@tanstack/react-query';
import { unwrap } from '@/api/client';
import { isCode } from '@/api/errors';
import { keys } from '@/api/queries';
import type { Reading } from '@/api/types';
import { useServices } from '@/app/services';
import { transition } from '@/ui/motion';
import { markFresh } from '../reading/fresh';
import { type Choice, dropChoice } from './picks';

/** Sends the chosen places. The same choice may be sent again after a lost answer: it draws the same cards. */
export function useDraw(id: string) {
  const { api, project } = useServices();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ picks, seed }: Choice) =>
      unwrap(
        api.POST('/api/v1/readings/{reading_id}/draw', {
          params: { path: { reading_id: id } },
          body: { picks: [...picks], client_seed: seed },
        }),
      ),
    onSuccess: ({ cards }) => {
      dropChoice(project.slug, id);
      markFresh(id);
      transition(() => {
        client.setQueryData<Reading>(keys.reading(id), (reading) => reading && { ...reading, state: 'interpreting', cards });
      });
    },
    onError: (error) => {
      // Drawn on another device, or too late: the reading itself says what is true now.
      if (isCode(error, 'already_drawn') || isCode(error, 'reading_expired')) {
        dropChoice(project.slug, id);
        void client.invalidateQueries({ queryKey: keys.reading(id) });
      }
    },
  });
}
