import { randomKey } from '../spread/useStartReading';

/** A choice in the making. The seed is this device's own part in the shuffle and must stay the same over retries. */
export interface Choice {
  picks: readonly number[];
  seed: string;
}

const choiceKey = (slug: string, reading: string) => `arcana:${slug}:choice:${reading}`;

/** Kept for the tab's life, so that a refresh in the middle of choosing loses nothing. */
export function loadChoice(slug: string, reading: string): Choice {
  try {
    const stored = sessionStorage.getItem(choiceKey(slug, reading));
    if (stored) return JSON.parse(stored) as Choice;
  } catch {
    // Without storage a refresh only means choosing anew.
  }
  return { picks: [], seed: randomKey() };
}

export function saveChoice(slug: string, reading: string, choice: Choice): void {
  try {
    sessionStorage.setItem(choiceKey(slug, reading), JSON.stringify(choice));
  } catch {
    // As above.
  }
}

export function dropChoice(slug: string, reading: string): void {
  try {
    sessionStorage.removeItem(choiceKey(slug, reading));
  } catch {
    // As above.
  }
}

/** `count` different places that are not taken yet, each as likely as any other. */
export function randomPlaces(count: number, total: number, taken: readonly number[]): number[] {
  const free = Array.from({ length: total }, (_, place) => place).filter((place) => !taken.includes(place));
  const chosen: number[] = [];
  while (chosen.length < count && free.length > 0) {
    chosen.push(...free.splice(randomBelow(free.length), 1));
  }
  return chosen;
}

function randomBelow(bound: number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
    if (number < limit) return number % bound;
  }
}
