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
  | { name: 'inbox' }
  | { name: 'request' }
  | { name: 'unknown' };

export function parseRoute(path: string, slug: string): Route {
  const parts = path.split('/').filter(Boolean).map(decode);
  if (parts[0] !== slug) return { name: 'unknown' };
  const [, first, second, third, ...more] = parts;
  if (more.length > 0) return { name: 'unknown' };
  if (first === undefined) return { name: 'home' };
  if (second === undefined) {
    return first === 'history' || first === 'profile' || first === 'packages' || first === 'inbox' || first === 'request'
      ? { name: first }
      : { name: 'unknown' };
  }
  if (first === 'spreads' && third === undefined) return { name: 'spread', key: second };
  if (first === 'spreads' && third === 'question') return { name: 'question', key: second };
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
    case 'request':
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
