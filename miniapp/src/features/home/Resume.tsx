import { useReading } from '@/api/queries';
import { useRouter } from '@/app/router';
import { useTranslation } from '@/i18n';
import { Icon } from '@/ui/Icon';
import styles from './Home.module.css';

/** A reading that was begun here or on another device and is not finished. */
export function Resume({ id }: { id: string }) {
  const { t } = useTranslation();
  const router = useRouter();
  const reading = useReading(id);
  if (!reading.data || reading.data.state === 'finished') return null;
  const waiting = reading.data.state === 'awaiting_draw' ? t('home.continue_draw') : t('home.continue_text');
  return (
    <button type="button" className={styles.resume} onClick={() => router.go({ name: 'reading', id })}>
      <span className={styles.resume_icon}>
        <Icon name="spark" />
      </span>
      <span className={styles.resume_words}>
        <span className={styles.resume_title}>{t('home.continue')}</span>
        <span className={styles.resume_text}>
          {reading.data.spread.name}. {waiting}
        </span>
      </span>
      <Icon name="chevron" size={20} />
    </button>
  );
}
