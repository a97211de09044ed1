import { describe, expect, it } from 'vitest';
import { contrast, mix, readable } from '@/app/colour';
import type { Theme } from '@/app/project';
import { themeTokens } from '@/app/theme';

const LUNA: Theme = {
  scheme: 'dark',
  background: '#0e1030',
  surface: '#1a1c4b',
  text: '#f4efe1',
  muted: '#b8b5d9',
  accent: '#e4bd68',
  accent_text: '#191334',
  font: 'serif',
  pattern: 'stars',
};

const VERBENA: Theme = {
  ...LUNA,
  scheme: 'light',
  background: '#f5f2e6',
  surface: '#fffdf6',
  text: '#22302a',
  muted: '#5b6b60',
  accent: '#a8492f',
  accent_text: '#fff8ec',
};

const CARELESS: Theme = { ...VERBENA, text: '#cccccc', muted: '#dddddd', accent: '#ffd400', accent_text: '#ffffff' };
const DARK_TELEGRAM = { background: '#17212b', surface: '#1f2c38', text: '#f5f5f5', muted: '#708499', danger: '#ec3942' };
const LIGHT_TELEGRAM = { background: '#ffffff', surface: '#f1f1f1', text: '#000000', muted: '#999999', danger: '#df3f40' };

describe('themeTokens', () => {
  for (const [name, theme] of Object.entries({ LUNA, VERBENA, CARELESS })) {
    for (const place of [null, DARK_TELEGRAM, LIGHT_TELEGRAM]) {
      it(`keeps ${name} readable in ${place?.background ?? 'a browser'}`, () => {
        const tokens = themeTokens(theme, place) as Record<string, string>;
        for (const ground of ['--background', '--surface', '--raised']) {
          for (const ink of ['--text', '--muted', '--accent-ink', '--danger', '--good']) {
            expect(contrast(tokens[ink] ?? '', tokens[ground] ?? ''), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
          }
        }
        expect(contrast(tokens['--accent-text'] ?? '', tokens['--accent'] ?? '')).toBeGreaterThanOrEqual(4.5);
      });
    }
  }

  it('leans towards Telegram only where both are dark or both light', () => {
    expect(themeTokens(LUNA, DARK_TELEGRAM)['--background']).toBe(mix('#0e1030', '#17212b', 0.1));
    expect(themeTokens(LUNA, LIGHT_TELEGRAM)['--background']).toBe('#0e1030');
    expect(themeTokens(VERBENA, DARK_TELEGRAM)['--background']).toBe('#f5f2e6');
  });
});

describe('readable', () => {
  it('leaves a good colour alone', () => expect(readable('#000000', ['#ffffff'], 4.5)).toBe('#000000'));

  it('moves a weak one just as far as needed', () => {
    const moved = readable('#999999', ['#ffffff'], 4.5);
    expect(moved).not.toBe('#000000');
    expect(contrast(moved, '#ffffff')).toBeGreaterThanOrEqual(4.5);
  });
});
