import { useRef, useState } from 'react';
import { useServices } from '@/app/services';
import { projectName } from '@/app/project';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { ErrorNote, Skeleton } from '@/ui/State';
import styles from './Gift.module.css';
import { useGifts } from './queries';

/** The link of a gift that was bought with this order: to share, or to copy. */
export function GiftLink({ orderId }: { orderId: string }) {
  const { t, language, date } = useTranslation();
  const { platform, project } = useServices();
  const gifts = useGifts();
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  const gift = gifts.data?.items.find((one) => one.order_id === orderId);

  if (!gift) {
    if (gifts.isError) return <ErrorNote error={gifts.error} onRetry={() => void gifts.refetch()} />;
    return <Skeleton height={150} />;
  }
  if (gift.state === 'void') return <p className={styles.state}>{t('gift.void')}</p>;
  if (gift.state === 'redeemed') {
    return (
      <p className={styles.state}>
        {t(gift.mine ? 'gift.opened_by_you' : 'gift.opened', { date: date(gift.redeemed_at ?? gift.created_at) })}
      </p>
    );
  }
  const url = gift.url ?? gift.web_url;
  if (!url) return null;

  async function copy(link: string): Promise<void> {
    platform.haptic('tap');
    try {
      await navigator.clipboard.writeText(link);
      setCopied(true);
    } catch {
      // Some web views forbid the clipboard: then the link is selected, to be copied by hand.
      field.current?.focus();
      field.current?.select();
    }
  }

  return (
    <div className={styles.link}>
      <p className={styles.words}>{t('gift.share_text')}</p>
      <input ref={field} readOnly value={url} aria-label={t('gift.link')} onFocus={(event) => event.target.select()} />
      <Button
        wide
        onClick={() => {
          void platform.share(url, t('gift.invitation', { name: projectName(project, language) })).then((shared) => (shared ? undefined : copy(url)));
        }}
      >
        {t('gift.share')}
      </Button>
      <Button wide look="secondary" onClick={() => void copy(url)}>
        {t(copied ? 'gift.copied' : 'gift.copy')}
      </Button>
      <span className="visually-hidden" role="status">
        {copied ? t('gift.copied') : ''}
      </span>
    </div>
  );
}
