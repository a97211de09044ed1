/** A place in the app. Addresses are `/{slug}/…`, without hashes. */
export type Route =
  | { name: 'home' }
  | { name: 'spread'; key: string }
  | { name: 'question'; key: string }
  | { name: 'reading'; id: string }
  | { name: 'proof'; id: string }
  | { name: 'history' }
  | { name: 'profile' }
  | { name: 'packages' }
  | { name: 'checkout'; key: string }
  | { name: 'orders' }
  | { name: 'order'; id: string }
  | { name: 'subscription' }
  | { name: 'gift' }
  | { name: 'inbox' }
  | { name: 'request' }
  | { name: 'unknown' };

/** Those whose address is their name. */
const PLAIN = ['history', 'profile', 'packages', 'inbox', 'request', 'orders', 'subscription', 'gift'] as const;
const isPlain = (name: string): name is (typeof PLAIN)[number] => (PLAIN as readonly string[]).includes(name);

export function parseRoute(path: string, slug: string): Route {
  const parts = path.split('/').filter(Boolean).map(decode);
  if (parts[0] !== slug) return { name: 'unknown' };
  const [, first, second, third, ...more] = parts;
  if (more.length > 0) return { name: 'unknown' };
  if (first === undefined) return { name: 'home' };
  if (second === undefined) {
    return isPlain(first) ? { name: first } : { name: 'unknown' };
  }
  if (first === 'spreads' && third === undefined) return { name: 'spread', key: second };
  if (first === 'spreads' && third === 'question') return { name: 'question', key: second };
  if (first === 'packages' && third === undefined) return { name: 'checkout', key: second };
  if (first === 'orders' && third === undefined) return { name: 'order', id: second };
  if (first === 'readings' && third === undefined) return { name: 'reading', id: second };
  if (first === 'readings' && third === 'proof') return { name: 'proof', id: second };
  return { name: 'unknown' };
}

export function routePath(route: Route, slug: string): string {
  const base = `/${slug}/`;
  switch (route.name) {
    case 'home':
    case 'unknown':
      return base;
    case 'spread':
      return `${base}spreads/${encodeURIComponent(route.key)}`;
    case 'question':
      return `${base}spreads/${encodeURIComponent(route.key)}/question`;
    case 'checkout':
      return `${base}packages/${encodeURIComponent(route.key)}`;
    case 'order':
      return `${base}orders/${encodeURIComponent(route.id)}`;
    case 'reading':
      return `${base}readings/${encodeURIComponent(route.id)}`;
    case 'proof':
      return `${base}readings/${encodeURIComponent(route.id)}/proof`;
    default:
      return base + route.name;
  }
}

/** Where "back" goes when there is nothing behind: never nowhere. Null only at home. */
export function parentRoute(route: Route): Route | null {
  switch (route.name) {
    case 'home':
      return null;
    case 'question':
      return { name: 'spread', key: route.key };
    case 'proof':
      return { name: 'reading', id: route.id };
    case 'checkout':
      return { name: 'packages' };
    case 'order':
      return { name: 'orders' };
    case 'request':
    case 'orders':
    case 'subscription':
      return { name: 'profile' };
    default:
      return { name: 'home' };
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
