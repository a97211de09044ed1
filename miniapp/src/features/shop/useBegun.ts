import { useMemo } from 'react';
import { useMe } from '@/api/queries';
import { useServices } from '@/app/services';
import type { Route } from '@/app/routes';
import { type Begun, BegunStore } from './begun';

/** What this person was about to ask when the balance ran out. */
export function useBegun(): BegunStore {
  const { project, platform } = useServices();
  const user = useMe().data?.user.id ?? '';
  return useMemo(() => new BegunStore(project.slug, platform.account, user), [project.slug, platform.account, user]);
}

/** Where it goes on. */
export const begunRoute = (begun: Begun): Route =>
  'spread' in begun ? { name: 'question', key: begun.spread } : { name: 'reading', id: begun.reading };
