import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Proof } from '@/api/types';
import { computeCommitment, computeOrder, verifyDraw } from '@/features/proof/verify';

const vectors = JSON.parse(
  readFileSync(new URL('../../tests/fixtures/draw_vectors.json', import.meta.url), 'utf8'),
) as Proof[];

const other = (hex: string) => (hex.startsWith('0') ? '1' : '0') + hex.slice(1);

describe('the published vectors', () => {
  it('are there', () => expect(vectors.length).toBeGreaterThan(0));

  it.each(vectors.map((vector, index) => [index, vector] as const))('number %i recomputes here', async (_index, vector) => {
    expect(await computeCommitment(vector)).toBe(vector.commitment);
    expect((await computeOrder(vector)).order).toEqual(vector.order);
    const shown = vector.drawn?.map(({ card, reversed }) => ({ card, reversed })) ?? null;
    expect(await verifyDraw(vector, shown, vector.commitment)).toEqual({
      sealFits: true,
      orderFits: true,
      cardsFit: true,
      fair: true,
    });
  });
});

describe('verifyDraw', () => {
  const vector = vectors.find((one) => (one.picks?.length ?? 0) > 1) as Proof;

  it('sees another seed', async () => {
    const verdict = await verifyDraw({ ...vector, seed: other(vector.seed) }, null);
    expect(verdict).toMatchObject({ sealFits: false, orderFits: false, fair: false });
  });

  it('sees a seal other than the one given before the draw', async () => {
    expect(await verifyDraw(vector, null, other(vector.commitment))).toMatchObject({ sealFits: false, fair: false });
  });

  it('sees another order', async () => {
    const order = [...vector.order].reverse();
    expect(await verifyDraw({ ...vector, order }, null)).toMatchObject({ orderFits: false, fair: false });
  });

  it('sees a card that was turned or exchanged on the table', async () => {
    const drawn = vector.drawn ?? [];
    const turned = drawn.map(({ card, reversed }, index) => ({ card, reversed: index === 0 ? !reversed : reversed }));
    expect(await verifyDraw(vector, turned)).toMatchObject({ cardsFit: false, fair: false });
    const exchanged = drawn.map(({ reversed }) => ({ card: 'major-00-nobody', reversed }));
    expect(await verifyDraw(vector, exchanged)).toMatchObject({ cardsFit: false, fair: false });
  });

  it("depends on the device's own part of the seed", async () => {
    const verdict = await verifyDraw({ ...vector, client_seed: 'another' }, null);
    expect(verdict).toMatchObject({ sealFits: true, orderFits: false, fair: false });
  });
});
