import { useCallback, useEffect, useRef, useSyncExternalStore } from 'react';
import { parentRoute } from './routes';
import { useRoute, useRouter } from './router';
import { useServices } from './services';

type Handler = () => void;

/** What "back" closes before it leaves the screen (an open sheet); the last one opened is on top. */
const overrides: Handler[] = [];
const listeners = new Set<() => void>();
const changed = () => listeners.forEach((listener) => listener());

/** While `active`, "back" means this. */
export function useBackOverride(active: boolean, handler: Handler): void {
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  });
  useEffect(() => {
    if (!active) return;
    const entry = () => latest.current();
    overrides.push(entry);
    changed();
    return () => {
      overrides.splice(overrides.indexOf(entry), 1);
      changed();
    };
  }, [active]);
}

/** The one meaning of "back" here and now, or null at home with nothing open. */
export function useBack(): Handler | null {
  const router = useRouter();
  const route = useRoute();
  const top = useSyncExternalStore(subscribe, () => overrides.at(-1) ?? null);
  const goBack = useCallback(() => router.back(), [router]);
  return top ?? (parentRoute(route) ? goBack : null);
}

/** Keeps Telegram's own back button in step. Mounted once. */
export function usePlatformBack(): void {
  const { platform } = useServices();
  const back = useBack();
  useEffect(() => platform.setBack(back), [platform, back]);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
