import { type ReactNode, useEffect, useEffectEvent } from 'react';
import { useTranslation } from '@/i18n';
import { classes } from '@/ui/classes';
import { Icon } from '@/ui/Icon';
import { RichText } from '@/ui/RichText';
import styles from './ReadingScreen.module.css';
import { useSmoothText } from './useSmoothText';

interface ProseProps {
  text: string;
  /** The text came (or still comes) through a stream in front of the person's eyes. */
  live: boolean;
  finished: boolean;
  reconnecting: boolean;
  waiting: string;
  language: string;
  /** Comes below the text, once that stands there whole. */
  children?: ReactNode;
  onWritten?: () => void;
}

/** A text of the AI, growing at the speed of reading. The screen never scrolls by itself. */
export function Prose({ text, live, finished, reconnecting, waiting, language, children, onWritten }: ProseProps) {
  const { t } = useTranslation();
  const smooth = useSmoothText(text, live);
  const busy = !finished || smooth.writing;
  const written = useEffectEvent(() => onWritten?.());

  useEffect(() => {
    if (!busy) written();
  }, [busy]);

  return (
    <div className={classes(busy && live && styles.writing)}>
      <div className={styles.prose} lang={language} aria-live="polite" aria-busy={busy}>
        <RichText text={smooth.text} />
      </div>
      {text === '' || reconnecting ? (
        <p className={styles.waiting} role="status">
          <Icon name={reconnecting ? 'cloud' : 'moon'} />
          {reconnecting ? t('reading.reconnecting') : waiting}
        </p>
      ) : null}
      {busy ? null : children}
    </div>
  );
}

/** What has to be said beside a text that is not an ordinary interpretation. */
export function KindNote({ kind, offline }: { kind: string | null; offline: boolean }) {
  const { t } = useTranslation();
  const key = kind === 'crisis' ? 'reading.crisis' : kind && kind !== 'reading' ? 'reading.safety' : offline ? 'reading.offline' : null;
  if (!key) return null;
  return (
    <div className={styles.note}>
      <Icon name="spark" size={20} />
      <p>{t(key)}</p>
    </div>
  );
}
