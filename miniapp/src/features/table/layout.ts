/** Where the cards of a spread lie on a table of a given width; all in pixels, centres of the cards. */
export interface Layout {
  width: number;
  height: number;
  card: { width: number; height: number };
  places: readonly { x: number; y: number; rotation: number }[];
}

/** A position of a spread: centre on a 100 × 100 table, `rotation` 0 or 90. */
export interface Spot {
  x: number;
  y: number;
  rotation: number;
}

export interface LayoutOptions {
  width: number;
  /** No card is wider than this. */
  largest: number;
  /** The table is no higher than this; cards shrink to fit. */
  highest?: number;
  /** Room under each card, for its label. */
  label?: number;
  gap?: number;
}

/** Tarot cards are 70 × 120 mm. */
export const CARD_RATIO = 120 / 70;

/** Closer than this on both axes, cards are meant to lie on one another (the crossing of the Celtic Cross). */
const STACKED = 4;

/**
 * Fits a spread into a phone: the largest cards that neither touch each other nor leave the table, with only as much
 * height as that needs. The shape of the spread is kept, the free room between its rows and columns is not.
 */
export function layOut(spots: readonly Spot[], options: LayoutOptions): Layout {
  const { width, largest, highest = width * 1.5, label = 0, gap = 8 } = options;
  for (let card = Math.min(largest, width); card > 16; card -= 1) {
    const layout = tryCard(spots, card, width, label, gap);
    if (layout && layout.height <= highest) return layout;
  }
  return scaled(spots, 16, width, label, (highest - 16 * CARD_RATIO) / 100);
}

function extent(spot: Spot, card: number): { width: number; height: number } {
  const long = card * CARD_RATIO;
  return spot.rotation === 90 ? { width: long, height: card } : { width: card, height: long };
}

/** The layout with this card width, or null when no height makes it free of collisions. */
function tryCard(spots: readonly Spot[], card: number, width: number, label: number, gap: number): Layout | null {
  const horizontal = horizontalScale(spots, card, width);
  if (horizontal.scale < 0) return null;
  let vertical = 0;
  for (const [index, a] of spots.entries()) {
    for (const b of spots.slice(index + 1)) {
      const dx = Math.abs(a.x - b.x);
      const dy = Math.abs(a.y - b.y);
      if (dx < STACKED && dy < STACKED) continue;
      const [first, second] = [extent(a, card), extent(b, card)];
      if (dx * horizontal.scale >= (first.width + second.width) / 2 + gap) continue;
      if (dy === 0) return null;
      vertical = Math.max(vertical, ((first.height + second.height) / 2 + gap + label) / dy);
    }
  }
  return scaled(spots, card, width, label, Math.max(vertical, looseScale(spots, horizontal.scale)));
}

/** A staircase of cards beside each other keeps a hint of its steps. */
const looseScale = (spots: readonly Spot[], horizontal: number): number =>
  new Set(spots.map((spot) => spot.y)).size > 1 ? horizontal * 0.6 : 0;

function horizontalScale(spots: readonly Spot[], card: number, width: number): { scale: number; left: number } {
  const low = Math.min(...spots.map((spot) => spot.x));
  const high = Math.max(...spots.map((spot) => spot.x));
  const halves = (edge: number) => spots.filter((spot) => spot.x === edge).map((spot) => extent(spot, card).width / 2);
  const left = Math.max(...halves(low));
  const right = Math.max(...halves(high));
  const span = high - low;
  if (span === 0) return { scale: left + right <= width ? 0 : -1, left: width / 2 };
  return { scale: (width - left - right) / span, left };
}

function scaled(spots: readonly Spot[], card: number, width: number, label: number, vertical: number): Layout {
  const low = { x: Math.min(...spots.map((spot) => spot.x)), y: Math.min(...spots.map((spot) => spot.y)) };
  const { scale, left } = horizontalScale(spots, card, width);
  const raw = spots.map((spot) => ({
    x: left + (spot.x - low.x) * Math.max(0, scale),
    y: (spot.y - low.y) * vertical,
    rotation: spot.rotation,
    half: extent(spot, card).height / 2,
  }));
  const top = Math.min(...raw.map((place) => place.y - place.half));
  const bottom = Math.max(...raw.map((place) => place.y + place.half));
  return {
    width,
    height: bottom - top + label,
    card: { width: card, height: card * CARD_RATIO },
    places: raw.map(({ x, y, rotation }) => ({ x, y: y - top, rotation })),
  };
}
