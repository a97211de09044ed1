import { chooseLanguage, createTranslation, TranslationContext } from '@/i18n';
import { State } from '@/ui/State';
import { applyTheme, themeTokens } from './theme';

const PLAIN = {
  scheme: 'dark',
  background: '#14131f',
  surface: '#1e1d2d',
  text: '#f2efe8',
  muted: '#b3afc4',
  accent: '#d9bd86',
  accent_text: '#1b1710',
  font: 'sans',
  pattern: 'none',
} as const;

/** The page carries no project: the address is wrong, or the project is switched off. */
export function Nowhere() {
  applyTheme(PLAIN, themeTokens(PLAIN, null));
  const translation = createTranslation(chooseLanguage(['ru', 'en'], navigator.language.slice(0, 2)), 'formal');
  return (
    <TranslationContext value={translation}>
      <main style={{ minHeight: '100dvh', display: 'flex' }}>
        <State icon="moon" title={translation.t('error.unknown_title')} text={translation.t('error.unknown')} />
      </main>
    </TranslationContext>
  );
}
