import { browserStorage } from '@/platform/storage';
import { readError } from './errors';
import { send } from './http';
import type { Catalogue } from './types';

interface Kept {
  etag: string;
  body: Catalogue;
}

const keptKey = (slug: string, language: string) => `arcana:${slug}:catalogue:${language}`;

/** The last catalogue seen on this device, so that the next start paints at once and works without a network. */
export function keptCatalogue(slug: string, language: string): Kept | null {
  const stored = browserStorage.read(keptKey(slug, language));
  if (!stored) return null;
  try {
    return JSON.parse(stored) as Kept;
  } catch {
    return null;
  }
}

/** The project's public catalogue in one language. An unchanged one (304) is the very same object as before. */
export function createCatalogueLoader(slug: string): (language: string, signal?: AbortSignal) => Promise<Catalogue> {
  const known = new Map<string, Kept>();
  return async (language, signal) => {
    const before = known.get(language) ?? keptCatalogue(slug, language);
    const address = new URL(`/api/v1/projects/${slug}/catalogue?lang=${language}`, location.origin);
    const headers = before ? { 'If-None-Match': before.etag } : undefined;
    const response = await send(new Request(address, { headers, signal, cache: 'no-store' }));
    if (response.status === 304 && before) {
      known.set(language, before);
      return before.body;
    }
    if (!response.ok) throw await readError(response);
    const body = (await response.json()) as Catalogue;
    const etag = response.headers.get('ETag');
    if (etag) {
      known.set(language, { etag, body });
      browserStorage.write(keptKey(slug, language), JSON.stringify({ etag, body }));
    }
    return body;
  };
}
