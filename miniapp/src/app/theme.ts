import type { PlatformColours } from '@/platform';
import { contrast, isColour, luminance, mix, readable, withAlpha } from './colour';
import type { Theme } from './project';

export type Tokens = Readonly<Record<`--${string}`, string>>;

const FONTS: Record<Theme['font'], { display: string; reading: string; body: string; weight: string; scale: string }> = {
  serif: {
    display: "'Cormorant Variable', 'Iowan Old Style', 'Noto Serif', Georgia, serif",
    reading: "'Literata Variable', ui-serif, 'Noto Serif', Georgia, serif",
    body: "'Onest Variable', system-ui, -apple-system, Roboto, sans-serif",
    weight: '600',
    scale: '1.12',
  },
  sans: {
    display: "'Onest Variable', system-ui, -apple-system, Roboto, sans-serif",
    reading: "'Onest Variable', system-ui, -apple-system, Roboto, sans-serif",
    body: "'Onest Variable', system-ui, -apple-system, Roboto, sans-serif",
    weight: '600',
    scale: '0.94',
  },
  rounded: {
    display: "ui-rounded, 'SF Pro Rounded', 'Nunito', system-ui, sans-serif",
    reading: "ui-rounded, 'SF Pro Rounded', 'Nunito', system-ui, sans-serif",
    body: "ui-rounded, 'SF Pro Rounded', 'Nunito', system-ui, sans-serif",
    weight: '700',
    scale: '0.96',
  },
  mono: {
    display: "ui-monospace, 'SF Mono', 'Roboto Mono', monospace",
    reading: "ui-monospace, 'SF Mono', 'Roboto Mono', monospace",
    body: "ui-monospace, 'SF Mono', 'Roboto Mono', monospace",
    weight: '600',
    scale: '0.86',
  },
};

/**
 * The project's look, leaning a little towards the place around it: where both are dark or both light, Telegram's
 * own grounds tint ours, so that the app does not stand out as a foreign window. Text stays readable (4.5:1) whatever
 * was chosen on either side.
 */
export function themeTokens(theme: Theme, place: PlatformColours | null): Tokens {
  const alike = place && isColour(place.background) && luminance(place.background) < 0.18 === luminance(theme.background) < 0.18;
  const lean = (own: string, theirs: string | undefined, share: number) =>
    alike && isColour(theirs) ? mix(own, theirs, share) : own;
  const background = lean(theme.background, place?.background, 0.1);
  const surface = lean(theme.surface, place?.surface, 0.1);
  const raised = mix(surface, theme.text, theme.scheme === 'dark' ? 0.07 : 0.04);
  const grounds = [background, surface, raised];
  const text = readable(theme.text, grounds, 7);
  const accent = theme.accent;
  const danger = isColour(place?.danger) ? place.danger : theme.scheme === 'dark' ? '#ff8a80' : '#b3261e';
  const font = FONTS[theme.font];
  return {
    '--background': background,
    '--background-clear': withAlpha(background, 0),
    '--surface': surface,
    '--surface-glass': withAlpha(surface, 0.86),
    '--raised': raised,
    '--text': text,
    '--muted': readable(lean(theme.muted, place?.muted, 0.2), grounds, 4.5),
    '--line': withAlpha(text, theme.scheme === 'dark' ? 0.12 : 0.1),
    '--accent': accent,
    '--accent-ink': readable(accent, grounds, 4.5),
    '--accent-text': contrast(theme.accent_text, accent) >= 4.5 ? theme.accent_text : bestOn(accent),
    // Gold over deep blue turns to mud: on dark grounds what is soft is lit by the text's own light.
    '--accent-soft': theme.scheme === 'dark' ? withAlpha(text, 0.08) : withAlpha(accent, 0.12),
    '--glow': withAlpha(mix(raised, text, 0.35), theme.scheme === 'dark' ? 0.4 : 0.2),
    '--accent-line': withAlpha(accent, 0.4),
    '--danger': readable(danger, grounds, 4.5),
    '--good': readable(theme.scheme === 'dark' ? '#7fd6a4' : '#1f7a4a', grounds, 4.5),
    '--back-deep': mix(surface, theme.scheme === 'dark' ? '#000000' : accent, theme.scheme === 'dark' ? 0.25 : 0.72),
    '--back-high': mix(surface, accent, theme.scheme === 'dark' ? 0.2 : 0.9),
    '--shadow': theme.scheme === 'dark' ? 'rgba(0, 0, 0, 0.5)' : withAlpha(mix(accent, '#000000', 0.7), 0.16),
    '--font-display': font.display,
    '--font-reading': font.reading,
    '--font-body': font.body,
    '--display-weight': font.weight,
    '--display-scale': font.scale,
  };
}

const bestOn = (ground: string): string => (contrast('#ffffff', ground) >= contrast('#14110f', ground) ? '#ffffff' : '#14110f');

/** Sets the tokens through the CSSOM: the content security policy allows no inline style text. */
export function applyTheme(theme: Theme, tokens: Tokens, root: HTMLElement = document.documentElement): void {
  for (const [name, value] of Object.entries(tokens)) root.style.setProperty(name, value);
  root.style.colorScheme = theme.scheme;
  root.dataset.pattern = theme.pattern;
  root.dataset.font = theme.font;
  root.dataset.scheme = theme.scheme;
}
