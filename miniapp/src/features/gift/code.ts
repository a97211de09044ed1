const KEY = 'gift';
const PREFIX = 'gift_';
const CODE = /^[A-Za-z0-9_-]{1,64}$/;

/** The code of a gift's link, out of what the link carried (`gift_…`) or out of what somebody typed; null for neither. */
export function readGiftCode(text: string | null): string | null {
  const words = (text ?? '').trim();
  // A whole link, as it is copied from a chat.
  const inLink = /(?:startapp=gift_|start=gift_|#gift=)([\w-]+)$/.exec(words)?.[1];
  const code = inLink ?? (words.startsWith(PREFIX) ? words.slice(PREFIX.length) : words);
  return CODE.test(code) ? code : null;
}

export const isGiftLink = (startParam: string | null): boolean => startParam?.startsWith(PREFIX) ?? false;

/** A code survives a reload of this tab, and never stands in an address. */
export function keepGiftCode(slug: string, code: string | null): void {
  try {
    if (code) sessionStorage.setItem(`arcana:${slug}:${KEY}`, code);
    else sessionStorage.removeItem(`arcana:${slug}:${KEY}`);
  } catch {
    // Without a storage the link has to be opened once more.
  }
}

export function keptGiftCode(slug: string): string | null {
  try {
    return sessionStorage.getItem(`arcana:${slug}:${KEY}`);
  } catch {
    return null;
  }
}

const listeners = new Set<() => void>();
let arrivals = 0;

/** How many gifts have come into this tab by a link since it was opened: each begins the gift's screen anew. */
export const giftArrivals = (): number => arrivals;

export function onGiftArrival(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A gift's link was followed: its code is kept, and whoever shows gifts hears of it. */
export function receiveGift(slug: string, link: string | null): void {
  keepGiftCode(slug, readGiftCode(link));
  arrivals += 1;
  for (const listener of listeners) listener();
}
