/** The colours that Mini Apps are told of: those of the page, light or dark. */

const LIGHT = {
  bg_color: '#ffffff',
  text_color: '#0f1720',
  hint_color: '#65717d',
  link_color: '#1a66b3',
  button_color: '#1f74c7',
  button_text_color: '#ffffff',
  secondary_bg_color: '#f1f3f5',
  header_bg_color: '#ffffff',
  accent_text_color: '#1a66b3',
  section_bg_color: '#ffffff',
  section_header_text_color: '#1a66b3',
  section_separator_color: '#e3e7eb',
  subtitle_text_color: '#65717d',
  destructive_text_color: '#c62f2f',
  bottom_bar_bg_color: '#f1f3f5',
};
const DARK = {
  bg_color: '#17212b',
  text_color: '#f5f5f5',
  hint_color: '#8d9dab',
  link_color: '#6ab2f2',
  button_color: '#2f7fcc',
  button_text_color: '#ffffff',
  secondary_bg_color: '#0f1820',
  header_bg_color: '#17212b',
  accent_text_color: '#6ab2f2',
  section_bg_color: '#17212b',
  section_header_text_color: '#6ab2f2',
  section_separator_color: '#0f1820',
  subtitle_text_color: '#8d9dab',
  destructive_text_color: '#ec6a67',
  bottom_bar_bg_color: '#0f1820',
};

const dark = matchMedia('(prefers-color-scheme: dark)');

export const themeParams = () => (dark.matches ? DARK : LIGHT);

/** Calls `listener` whenever the system changes between light and dark. */
export const onTheme = (listener) => dark.addEventListener('change', listener);

/** Black or white, whichever is read better on `#rrggbb`. */
export function inkOn(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) > 0.35 ? '#000000' : '#ffffff';
}
