import { createContext, useContext, useSyncExternalStore } from 'react';
import { parentRoute, parseRoute, type Route, routePath } from './routes';

interface Entry {
  /** How many entries of this app lie behind this one. */
  depth: number;
  /** Back from here leads to the parent, whatever lies behind (a finished form must not come up again). */
  upward?: boolean;
}

export interface Router {
  readonly slug: string;
  current: () => Route;
  subscribe: (listener: () => void) => () => void;
  go: (route: Route, options?: { replace?: boolean; upward?: boolean }) => void;
  back: () => void;
}

export function createRouter(slug: string, view: Pick<Window, 'history' | 'location' | 'addEventListener'>): Router {
  const listeners = new Set<() => void>();
  let route = parseRoute(view.location.pathname, slug);
  const entry = (): Entry => (view.history.state as Entry | null) ?? { depth: 0 };

  function changed(): void {
    route = parseRoute(view.location.pathname, slug);
    for (const listener of listeners) listener();
  }

  view.addEventListener('popstate', changed);

  const router: Router = {
    slug,
    current: () => route,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    go(next, { replace = false, upward = false } = {}) {
      const depth = entry().depth + (replace ? 0 : 1);
      const state: Entry = upward ? { depth, upward } : { depth };
      // The query and Telegram's launch hash belong to the first address only.
      if (replace) view.history.replaceState(state, '', routePath(next, slug));
      else view.history.pushState(state, '', routePath(next, slug));
      changed();
    },
    back() {
      const parent = parentRoute(route);
      if (!parent) return;
      const { depth, upward } = entry();
      if (depth > 0 && !upward) view.history.back();
      else router.go(parent, { replace: true });
    },
  };
  return router;
}

export const RouterContext = createContext<Router | null>(null);

export function useRouter(): Router {
  const router = useContext(RouterContext);
  if (!router) throw new Error('useRouter outside of RouterContext');
  return router;
}

export function useRoute(): Route {
  const router = useRouter();
  return useSyncExternalStore(router.subscribe, router.current);
}
