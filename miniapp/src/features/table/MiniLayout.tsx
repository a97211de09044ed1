import { useMemo } from 'react';
import type { Position } from '@/api/types';
import { layOut } from './layout';

interface MiniLayoutProps {
  positions: readonly Position[];
  width: number;
  height: number;
  numbered?: boolean;
}

/** A spread in miniature: its shape and nothing else. */
export function MiniLayout({ positions, width, height, numbered = false }: MiniLayoutProps) {
  const layout = useMemo(
    () => layOut(positions, { width, largest: width * 0.3, highest: height, gap: Math.max(2, width * 0.025) }),
    [positions, width, height],
  );
  const top = (height - layout.height) / 2;
  const { width: w, height: h } = layout.card;
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true" focusable="false">
      {layout.places.map((place, index) => (
        <g key={positions[index]?.key} transform={`translate(${place.x} ${place.y + top}) rotate(${place.rotation})`}>
          <rect
            x={-w / 2}
            y={-h / 2}
            width={w}
            height={h}
            rx={Math.max(1.5, w * 0.09)}
            fill="var(--raised)"
            stroke="var(--accent-ink)"
            strokeWidth={1}
            strokeOpacity={0.75}
          />
          {numbered ? (
            <text
              transform={`rotate(${-place.rotation})`}
              x={place.rotation === 90 ? h / 2 - 9 : 0}
              y={place.rotation === 90 ? 4 : 4}
              textAnchor="middle"
              fontSize={Math.min(14, w * 0.34)}
              fill="var(--text)"
              fontFamily="var(--font-body)"
            >
              {index + 1}
            </text>
          ) : null}
        </g>
      ))}
    </svg>
  );
}
