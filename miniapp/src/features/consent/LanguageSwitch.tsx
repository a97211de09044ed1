import { useChangeMe } from '@/api/queries';
import { useServices } from '@/app/services';
import { dictionaries, useTranslation } from '@/i18n';
import styles from './ConsentScreen.module.css';

export const LANGUAGE_NAMES: Readonly<Record<string, string>> = { ru: 'Русский', en: 'English' };

/** Small, for the first screen: the guess by the phone's language may be wrong. */
export function LanguageSwitch() {
  const { project } = useServices();
  const { language } = useTranslation();
  const change = useChangeMe();
  const offered = project.languages.filter((code) => code in dictionaries);
  if (offered.length < 2) return null;
  return (
    <div className={styles.languages}>
      {offered.map((code) => (
        <button
          key={code}
          type="button"
          className={styles.language}
          aria-label={LANGUAGE_NAMES[code]}
          aria-pressed={code === language}
          onClick={() => change.mutate({ language: code })}
        >
          {code}
        </button>
      ))}
    </div>
  );
}
