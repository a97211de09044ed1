/** Colours as `#rrggbb`, mixed and measured in sRGB (WCAG 2.2). */
type Channels = readonly [number, number, number];

export const isColour = (value: string | undefined): value is string => /^#[0-9a-f]{6}$/i.test(value ?? '');

export function channels(colour: string): Channels {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

const toColour = (parts: Channels): string =>
  `#${parts.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;

/** `share` of `other` in `colour`, 0…1. */
export function mix(colour: string, other: string, share: number): string {
  const [a, b] = [channels(colour), channels(other)];
  return toColour([0, 1, 2].map((i) => (a[i] ?? 0) * (1 - share) + (b[i] ?? 0) * share) as unknown as Channels);
}

export const withAlpha = (colour: string, alpha: number): string => `rgba(${channels(colour).join(', ')}, ${alpha})`;

export function luminance(colour: string): number {
  const [r, g, b] = channels(colour).map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** The colour itself, or the nearest step towards black or white that is readable on all grounds. */
export function readable(colour: string, grounds: readonly string[], least: number): string {
  const enough = (candidate: string) => grounds.every((ground) => contrast(candidate, ground) >= least);
  const darkGround = grounds.every((ground) => luminance(ground) < 0.18);
  for (let share = 0; share <= 1; share += 0.05) {
    const candidate = mix(colour, darkGround ? '#ffffff' : '#000000', share);
    if (enough(candidate)) return candidate;
  }
  return darkGround ? '#ffffff' : '#000000';
}
