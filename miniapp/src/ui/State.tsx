import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react';
import { ApiError, NetworkError } from '@/api/errors';
import { type MessageKey, type Translation, useTranslation } from '@/i18n';
import { Button } from './Button';
import { Icon, type IconName } from './Icon';
import styles from './State.module.css';

interface StateProps {
  icon: IconName;
  title: string;
  text: ReactNode;
  children?: ReactNode;
}

/** A whole screen's worth of one message. */
export function State({ icon, title, text, children }: StateProps) {
  return (
    <div className={styles.state}>
      <div className={styles.emblem}>
        <Icon name={icon} size={32} />
      </div>
      <h1>{title}</h1>
      <div className={styles.text}>{text}</div>
      {children ? <div className={styles.action}>{children}</div> : null}
    </div>
  );
}

interface Problem {
  icon: IconName;
  title: MessageKey;
  text: string;
}

/** An error in the person's words. */
export function explain(error: unknown, { t }: Translation): Problem {
  if (error instanceof NetworkError) return { icon: 'cloud', title: 'error.network_title', text: t('error.network') };
  if (error instanceof ApiError) {
    if (error.status === 429) {
      const text = error.retryAfter
        ? t('error.limit', { time: t('count.seconds', { count: error.retryAfter }) })
        : t('error.limit_short');
      return { icon: 'history', title: 'error.limit_title', text };
    }
    if (error.status >= 500) return { icon: 'moon', title: 'error.server_title', text: t('error.server') };
  }
  return { icon: 'spark', title: 'error.generic_title', text: t('error.generic') };
}

/** A failed load with a way to try again. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const translation = useTranslation();
  const problem = explain(error, translation);
  return (
    <div role="alert" style={{ display: 'contents' }}>
      <State icon={problem.icon} title={translation.t(problem.title)} text={problem.text}>
        <RetryButton error={error} onRetry={onRetry} />
      </State>
    </div>
  );
}

interface NoteProps {
  error: unknown;
  onRetry?: () => void;
  /** Comes before the general words. */
  text?: string;
  /** Better known than the general words. */
  instead?: string | null;
}

/** A failed action, beside what failed. */
export function ErrorNote({ error, onRetry, text, instead }: NoteProps) {
  const translation = useTranslation();
  const problem = explain(error, translation);
  return (
    <div role="alert" className={styles.inline}>
      <p>{instead ?? [text, problem.text].filter(Boolean).join(' ')}</p>
      {onRetry ? <RetryButton error={error} onRetry={onRetry} small /> : null}
    </div>
  );
}

/** After a 429 the button waits as long as the server said. */
function RetryButton({ error, onRetry, small }: { error: unknown; onRetry: () => void; small?: boolean }) {
  const { t } = useTranslation();
  const wait = error instanceof ApiError ? (error.retryAfter ?? 0) : 0;
  const [left, setLeft] = useState(wait);
  useEffect(() => {
    const until = Date.now() + wait * 1000;
    const timer = setInterval(() => {
      const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      setLeft(seconds);
      if (seconds === 0) clearInterval(timer);
    }, 500);
    return () => clearInterval(timer);
  }, [wait, error]);
  return (
    <Button look="secondary" small={small} disabled={left > 0} onClick={onRetry}>
      {left > 0 ? `${t('action.retry')} · ${left}` : t('action.retry')}
    </Button>
  );
}

export function Skeleton({ height, width = '100%' }: { height: number; width?: number | string }) {
  return <div className={styles.skeleton} style={{ height, width }} aria-hidden="true" />;
}

export function useOnline(): boolean {
  return useSyncExternalStore(subscribeOnline, () => navigator.onLine);
}

function subscribeOnline(listener: () => void): () => void {
  window.addEventListener('online', listener);
  window.addEventListener('offline', listener);
  return () => {
    window.removeEventListener('online', listener);
    window.removeEventListener('offline', listener);
  };
}

export function OfflineBanner() {
  const online = useOnline();
  const { t } = useTranslation();
  return <div role="status">{online ? null : <div className={styles.offline}>{t('error.offline')}</div>}</div>;
}
