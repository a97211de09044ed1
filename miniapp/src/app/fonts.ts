import cormorantCyrillic from '@fontsource-variable/cormorant/files/cormorant-cyrillic-wght-normal.woff2?url';
import cormorantLatin from '@fontsource-variable/cormorant/files/cormorant-latin-wght-normal.woff2?url';
import literataCyrillic from '@fontsource-variable/literata/files/literata-cyrillic-wght-normal.woff2?url';
import literataLatin from '@fontsource-variable/literata/files/literata-latin-wght-normal.woff2?url';
import onestCyrillic from '@fontsource-variable/onest/files/onest-cyrillic-wght-normal.woff2?url';
import onestLatin from '@fontsource-variable/onest/files/onest-latin-wght-normal.woff2?url';
import type { Theme } from './project';

const CYRILLIC = 'U+0301, U+0400-045F, U+0490-0491, U+04B0-04B1, U+2116';
const LATIN = 'U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+2000-206F, U+20AC, U+20BD, U+2122, U+2212';

const FAMILIES = {
  'Onest Variable': [onestCyrillic, onestLatin],
  'Cormorant Variable': [cormorantCyrillic, cormorantLatin],
  'Literata Variable': [literataCyrillic, literataLatin],
} as const;

type Family = keyof typeof FAMILIES;

const NEEDED: Readonly<Record<Theme['font'], readonly Family[]>> = {
  serif: ['Onest Variable', 'Cormorant Variable', 'Literata Variable'],
  sans: ['Onest Variable'],
  rounded: [],
  mono: [],
};

/** A font that comes later than this is left in the cache for the next visit, so that text never jumps. */
const PATIENCE = 1_500;

/** Fetches the look's fonts beside the first requests. Resolves when they are in use, or when it got too late for them. */
export function loadFonts(font: Theme['font']): Promise<void> {
  let late = false;
  const faces = NEEDED[font].flatMap((family) => {
    const [cyrillic, latin] = FAMILIES[family];
    return [face(family, cyrillic, CYRILLIC), face(family, latin, LATIN)];
  });
  const loaded = Promise.all(faces.map((one) => one.load())).then(
    (ready) => {
      if (!late) for (const one of ready) document.fonts.add(one);
    },
    () => undefined,
  );
  const tooLate = new Promise<void>((resolve) => {
    setTimeout(() => {
      late = true;
      resolve();
    }, PATIENCE);
  });
  return Promise.race([loaded, tooLate]);
}

function face(family: Family, url: string, range: string): FontFace {
  return new FontFace(family, `url(${url}) format('woff2')`, { weight: '200 900', unicodeRange: range });
}
