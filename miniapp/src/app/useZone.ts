import { useEffect, useRef } from 'react';
import { useChangeMe } from '@/api/queries';
import type { Me } from '@/api/types';
import { deviceZone } from '@/platform/zone';

/** Tells the server this device's time zone when it knows another: a bot can only guess it. Once for each start. */
export function useZone(me: Me | undefined): void {
  const { mutate } = useChangeMe();
  const told = useRef(false);
  const known = me?.user.consented_at ? me.user.timezone : undefined;
  useEffect(() => {
    const zone = deviceZone();
    if (known === undefined || known === zone || told.current) return;
    told.current = true;
    mutate({ timezone: zone });
  }, [known, mutate]);
}
