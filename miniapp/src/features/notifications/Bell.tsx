import { useRouter } from '@/app/router';
import { useTranslation } from '@/i18n';
import { Icon } from '@/ui/Icon';
import { badge, unread } from './inbox';
import styles from './Notifications.module.css';
import { useInbox } from './queries';

/** Leads to the inbox and says how much in it is new. */
export function Bell() {
  const { t } = useTranslation();
  const router = useRouter();
  const inbox = useInbox();
  const count = unread(inbox.data);
  const label = count > 0 ? `${t('notices.title')}: ${t('notices.unread', { count })}` : t('notices.title');
  return (
    <button type="button" className={styles.bell} aria-label={label} onClick={() => router.go({ name: 'inbox' })}>
      <Icon name="bell" size={21} />
      {count > 0 ? (
        <span className={styles.badge} aria-hidden="true">
          {badge(count)}
        </span>
      ) : null}
    </button>
  );
}
