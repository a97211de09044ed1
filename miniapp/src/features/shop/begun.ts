import { browserStorage } from '@/platform/storage';

/** What somebody was about to ask when the balance ran out: a spread's question, or a follow-up of a reading. */
export type Begun = { spread: string; words: string } | { reading: string; words: string };

/** Longer than anybody pays, shorter than anybody would want to be reminded. */
const LIFETIME = 24 * 60 * 60_000;
const ONE = ':begun';

const placeOf = (begun: Begun): string => ('spread' in begun ? `spread ${begun.spread}` : `reading ${begun.reading}`);
const keyOf = (slug: string, account: string) => `arcana:${slug}:${account}${ONE}`;

/**
 * Kept on the device, for a payment may lead through other pages. `user` keeps one person's words from another one who
 * signs in on the same device.
 */
export class BegunStore {
  private readonly key: string;

  constructor(
    slug: string,
    account: string,
    private readonly user: string,
  ) {
    this.key = keyOf(slug, account);
  }

  /** Words that were kept for the same place stay, unless there are new ones. */
  keep(begun: Begun): void {
    const before = begun.words ? null : this.read();
    if (before && placeOf(before) === placeOf(begun)) return;
    browserStorage.write(this.key, JSON.stringify({ ...begun, user: this.user, at: Date.now() }));
  }

  read(now = Date.now()): Begun | null {
    const stored = browserStorage.read(this.key);
    if (!stored) return null;
    try {
      const { user, at, ...begun } = JSON.parse(stored) as Begun & { user: string; at: number };
      if (user === this.user && now - at < LIFETIME) return begun;
    } catch {
      // A broken entry goes the way of an old one.
    }
    this.drop();
    return null;
  }

  drop(): void {
    browserStorage.erase(this.key);
  }
}

/** Whoever leaves takes the words along. */
export const forgetBegun = (slug: string, account: string): void => browserStorage.erase(keyOf(slug, account));
