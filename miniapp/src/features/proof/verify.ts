import type { Proof } from '@/api/types';

/** The draw, version 1, recomputed with nothing but what the proof publishes. */
export interface Verdict {
  sealFits: boolean;
  orderFits: boolean;
  cardsFit: boolean;
  fair: boolean;
}

/** What the person saw on the table: keys and orientations in the order of the positions. */
export type Shown = readonly { card: string; reversed: boolean }[];

type DrawProof = Omit<Proof, 'picks' | 'drawn' | 'order'> & {
  picks?: Proof['picks'];
  drawn?: Proof['drawn'];
  order?: Proof['order'];
};

const encoder = new TextEncoder();

export async function verifyDraw(proof: DrawProof, shown: Shown | null, commitment?: string): Promise<Verdict> {
  const seal = await computeCommitment(proof);
  const { order, reversed } = await computeOrder(proof);
  const drawn = (proof.picks ?? []).map((place) => ({ card: order[place], reversed: reversed[place] === true }));
  const sealFits = proof.version === 1 && seal === proof.commitment && (commitment ?? seal) === seal;
  const orderFits = !proof.order || same(order, proof.order);
  const cardsFit =
    (!proof.drawn || same(drawn, proof.drawn.map(({ card, reversed }) => ({ card, reversed })))) &&
    (!shown || same(drawn, shown.map(({ card, reversed }) => ({ card, reversed }))));
  return { sealFits, orderFits, cardsFit, fair: sealFits && orderFits && cardsFit };
}

/** SHA-256 over the canonical JSON (sorted keys, no spaces), in hex. */
export async function computeCommitment(proof: DrawProof): Promise<string> {
  const canonical = JSON.stringify({
    cards: proof.cards,
    reading: proof.reading,
    reversals: proof.reversals,
    seed: proof.seed,
    version: proof.version,
  });
  return toHex(await crypto.subtle.digest('SHA-256', encoder.encode(canonical)));
}

export async function computeOrder(proof: DrawProof): Promise<{ order: string[]; reversed: boolean[] }> {
  const key = await crypto.subtle.importKey('raw', fromHex(proof.seed), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const numbers = (stream: string) => createNumbers(key, (block) => `arcana-draw-1:${stream}:${proof.reading}:${block}:${proof.client_seed}`);
  const order = [...proof.cards];
  const next = numbers('order');
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = await below(next, i + 1);
    [order[i], order[j]] = [order[j] as string, order[i] as string];
  }
  const tops = numbers('reversals');
  const reversed: boolean[] = [];
  for (let place = 0; place < order.length; place += 1) {
    reversed.push(proof.reversals === 'half' && (await tops()) >>> 31 === 1);
  }
  return { order, reversed };
}

/** Unsigned 32-bit numbers: eight from each HMAC block, big-endian. */
function createNumbers(key: CryptoKey, message: (block: number) => string): () => Promise<number> {
  let block = 0;
  let queue: number[] = [];
  return async () => {
    if (queue.length === 0) {
      const view = new DataView(await crypto.subtle.sign('HMAC', key, encoder.encode(message(block))));
      queue = Array.from({ length: 8 }, (_, i) => view.getUint32(i * 4));
      block += 1;
    }
    return queue.shift() as number;
  };
}

/** Without modulo bias: numbers of the last, incomplete span are drawn again. */
async function below(next: () => Promise<number>, bound: number): Promise<number> {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const number = await next();
    if (number < limit) return number % bound;
  }
}

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

const toHex = (buffer: ArrayBuffer): string =>
  Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
