import { describe, expect, it } from 'vitest';
import { CARD_RATIO, layOut, type Spot } from '@/features/table/layout';

const SPREADS: Record<string, [number, number, number][]> = {
  one: [[50, 50, 0]],
  three: [[18, 50, 0], [50, 50, 0], [82, 50, 0]],
  staircase: [[18, 62, 0], [50, 50, 0], [82, 38, 0]],
  relationship: [[20, 27, 0], [50, 27, 0], [80, 27, 0], [35, 74, 0], [65, 74, 0]],
  choice: [[50, 50, 0], [20, 73, 0], [20, 27, 0], [80, 73, 0], [80, 27, 0]],
  horseshoe: [[11, 80, 0], [15, 48, 0], [30, 17, 0], [50, 16, 0], [70, 17, 0], [85, 48, 0], [89, 80, 0]],
  celtic: [[31.5, 50, 0], [31.5, 50, 90], [31.5, 17, 0], [31.5, 83, 0], [9, 50, 0], [54, 50, 0], [72, 84, 0], [90.5, 62, 0], [72, 38, 0], [90.5, 16, 0]],
};

const spots = (name: string): Spot[] => (SPREADS[name] ?? []).map(([x, y, rotation]) => ({ x, y, rotation }));

function box(place: { x: number; y: number; rotation: number }, card: { width: number; height: number }) {
  const [width, height] = place.rotation === 90 ? [card.height, card.width] : [card.width, card.height];
  return { left: place.x - width / 2, right: place.x + width / 2, top: place.y - height / 2, bottom: place.y + height / 2 };
}

describe('layOut', () => {
  for (const name of Object.keys(SPREADS)) {
    it(`keeps ${name} on the table, with no card on another`, () => {
      const layout = layOut(spots(name), { width: 328, largest: 120, highest: 420, label: 16 });
      const boxes = layout.places.map((place) => box(place, layout.card));
      for (const b of boxes) {
        expect(b.left).toBeGreaterThanOrEqual(-0.01);
        expect(b.right).toBeLessThanOrEqual(328.01);
        expect(b.top).toBeGreaterThanOrEqual(-0.01);
        expect(b.bottom).toBeLessThanOrEqual(layout.height + 0.01);
      }
      boxes.forEach((a, i) => {
        boxes.slice(i + 1).forEach((b, j) => {
          const other = spots(name)[i + 1 + j];
          const own = spots(name)[i];
          if (own?.x === other?.x && own?.y === other?.y) return;
          const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
          expect(apart, `${i} and ${i + 1 + j}`).toBe(true);
        });
      });
    });
  }

  it('lets a single card be as large as allowed', () => {
    const layout = layOut(spots('one'), { width: 328, largest: 120 });
    expect(layout.card).toEqual({ width: 120, height: 120 * CARD_RATIO });
    expect(layout.places[0]?.x).toBe(164);
  });

  it('gives ten cards at least 44 pixels on the smallest phone', () => {
    expect(layOut(spots('celtic'), { width: 328, largest: 120, highest: 480 }).card.width).toBeGreaterThanOrEqual(44);
  });

  it('shrinks cards to a given height', () => {
    const layout = layOut(spots('celtic'), { width: 328, largest: 120, highest: 150 });
    expect(layout.height).toBeLessThanOrEqual(150);
  });
});
