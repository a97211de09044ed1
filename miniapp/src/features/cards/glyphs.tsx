interface GlyphProps {
  className?: string;
}

const stroke = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.2, strokeLinecap: 'round', strokeLinejoin: 'round' } as const;

const RAYS = Array.from({ length: 16 }, (_, index) => {
  const angle = (index * Math.PI) / 8;
  const [near, far] = [20, index % 2 === 0 ? 30 : 26];
  const at = (radius: number) => `${(50 + radius * Math.cos(angle)).toFixed(1)} ${(70 + radius * Math.sin(angle)).toFixed(1)}`;
  return `M${at(near)}L${at(far)}`;
}).join('');

/** The sun, the moon and the stars of the drawn back; the same seen from above and from below. */
export function Emblem({ className }: GlyphProps) {
  return (
    <svg className={className} viewBox="0 0 100 140" aria-hidden="true" focusable="false" {...stroke}>
      <circle cx="50" cy="70" r="16.5" />
      <path d="M57.5 70a10 10 0 0 1-14 9.2 12 12 0 0 0 0-18.4 10 10 0 0 1 14 9.2z" fill="currentColor" stroke="none" />
      <path d={RAYS} />
      <circle cx="50" cy="70" r="37" opacity=".6" />
      <path d="M50 8l2.2 10 7.8 4-7.8 4L50 36l-2.2-10-7.8-4 7.8-4zM50 104l2.2 10 7.8 4-7.8 4-2.2 10-2.2-10-7.8-4 7.8-4z" />
      <path d="M18 30h.01M82 30h.01M18 110h.01M82 110h.01M28 16h.01M72 16h.01M28 124h.01M72 124h.01" strokeWidth="2.6" />
    </svg>
  );
}

const SUITS: Record<string, string> = {
  wands: 'M20 44L42 8M38 14l8-8M34 12c2-6 8-8 12-6 0 6-4 10-10 12M26 30c-6-1-9 2-9 6 4 1 8-1 9-6z',
  cups: 'M12 8h36c0 14-6 22-18 22S12 22 12 8zM30 30v12M20 46c2-4 18-4 20 0z',
  swords: 'M30 4l4 6v26h-8V10zM18 36h24M30 36v12M27 50h6',
  pentacles: 'M30 6a22 22 0 1 1 0 44 22 22 0 0 1 0-44zM30 9l11 33L12.5 21.5h35L19 42z',
  major: 'M30 4c1.5 13 8 20.5 24 24-16 3.5-22.5 11-24 24-1.5-13-8-20.5-24-24 16-3.5 22.5-11 24-24z',
};

export function SuitGlyph({ suit, className }: GlyphProps & { suit: string | null }) {
  return (
    <svg className={className} viewBox="0 0 60 56" aria-hidden="true" focusable="false" {...stroke} strokeWidth={1.8}>
      <path d={SUITS[suit ?? 'major']} />
    </svg>
  );
}
