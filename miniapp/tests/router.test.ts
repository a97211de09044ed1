// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { createRouter, type Router } from '@/app/router';
import { parentRoute, parseRoute, type Route, routePath } from '@/app/routes';

const ROUTES: Route[] = [
  { name: 'home' },
  { name: 'spread', key: 'celtic-cross' },
  { name: 'question', key: 'celtic-cross' },
  { name: 'reading', id: '0190-ab' },
  { name: 'proof', id: '0190-ab' },
  { name: 'history' },
  { name: 'profile' },
  { name: 'packages' },
  { name: 'inbox' },
  { name: 'request' },
  { name: 'checkout', key: 'luna-three' },
  { name: 'orders' },
  { name: 'order', id: '0190-ab' },
  { name: 'subscription' },
  { name: 'gift' },
];

describe('routes', () => {
  it.each(ROUTES)('$name survives its own address', (route) => {
    expect(parseRoute(routePath(route, 'luna'), 'luna')).toEqual(route);
  });

  it.each(['/verbena/', '/luna/nothing', '/luna/history/more', '/luna/spreads/a/b', '/luna/readings/a/proof/b', '/'])(
    '%s is unknown to luna',
    (path) => expect(parseRoute(path, 'luna')).toEqual({ name: 'unknown' }),
  );

  it('bears a broken escape', () => {
    expect(parseRoute('/luna/spreads/%E0%A4%A', 'luna')).toEqual({ name: 'spread', key: '%E0%A4%A' });
  });

  it.each(ROUTES)('from $name the way up ends at home', (route) => {
    let current: Route | null = route;
    let steps = 0;
    while (current && current.name !== 'home' && steps < 5) {
      current = parentRoute(current);
      steps += 1;
    }
    expect(current).toEqual({ name: 'home' });
  });
});

describe('back', () => {
  let router: Router;
  const arrived = () => new Promise<void>((resolve) => window.addEventListener('popstate', () => resolve(), { once: true }));

  beforeEach(() => {
    window.history.replaceState(null, '', '/luna/readings/1#tgWebAppData=x');
    router = createRouter('luna', window);
  });

  it('leads to the parent where nothing lies behind, and nowhere at home', () => {
    router.back();
    expect(router.current()).toEqual({ name: 'home' });
    expect(location.pathname).toBe('/luna/');
    router.back();
    expect(router.current()).toEqual({ name: 'home' });
  });

  it('leads to where one came from', async () => {
    router.go({ name: 'history' });
    router.go({ name: 'reading', id: '2' });
    const back = arrived();
    router.back();
    if (location.pathname !== '/luna/history') await back;
    expect(router.current()).toEqual({ name: 'history' });
  });

  it('does not bring a sent form up again', () => {
    router.go({ name: 'spread', key: 'choice' });
    router.go({ name: 'question', key: 'choice' });
    router.go({ name: 'reading', id: '3' }, { replace: true, upward: true });
    router.back();
    expect(router.current()).toEqual({ name: 'home' });
  });

  it('tells its listeners and takes the launch hash off', () => {
    const heard: string[] = [];
    const stop = router.subscribe(() => heard.push(router.current().name));
    router.go({ name: 'profile' });
    stop();
    router.go({ name: 'history' });
    expect(heard).toEqual(['profile']);
    expect(location.hash).toBe('');
  });
});
