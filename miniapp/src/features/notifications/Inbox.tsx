import { useEffect, useState } from 'react';
import type { Notification } from '@/api/types';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { classes } from '@/ui/classes';
import { Icon, type IconName } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { ErrorNote, ErrorState, Skeleton, State } from '@/ui/State';
import { destination, items } from './inbox';
import styles from './Notifications.module.css';
import { useInbox, useMarkRead } from './queries';

const ICONS: Readonly<Record<string, IconName>> = { replies: 'send', readings: 'spark', news: 'star', account: 'profile' };

export default function Inbox() {
  const { t } = useTranslation();
  const router = useRouter();
  const inbox = useInbox();
  const list = items(inbox.data);
  const fresh = useFresh(list);

  return (
    <Screen title={t('notices.title')}>
      <h1 className={styles.title}>{t('notices.title')}</h1>
      {inbox.isPending ? (
        <div className={styles.list} role="status" aria-label={t('app.loading')}>
          <Skeleton height={96} />
          <Skeleton height={96} />
          <Skeleton height={96} />
        </div>
      ) : null}
      {inbox.isError && list.length === 0 ? (
        <ErrorState error={inbox.error} onRetry={() => void inbox.refetch()} />
      ) : null}
      {inbox.isSuccess && list.length === 0 ? (
        <State icon="bell" title={t('notices.empty_title')} text={t('notices.empty')}>
          <Button onClick={() => router.go({ name: 'home' }, { replace: true })}>{t('action.home')}</Button>
        </State>
      ) : null}
      <ul className={styles.list}>
        {list.map((item) => (
          <Item key={item.id} item={item} fresh={fresh.has(item.id)} />
        ))}
      </ul>
      {inbox.isFetchNextPageError ? <ErrorNote error={inbox.error} onRetry={() => void inbox.fetchNextPage()} /> : null}
      {inbox.hasNextPage && !inbox.isFetchNextPageError ? (
        <div className={styles.more}>
          <Button look="secondary" disabled={inbox.isFetchingNextPage} onClick={() => void inbox.fetchNextPage()}>
            {t('notices.more')}
          </Button>
        </div>
      ) : null}
    </Screen>
  );
}

/** What was new when it came on the screen stays marked until the person leaves; for the server it is read. */
function useFresh(list: readonly Notification[]): ReadonlySet<string> {
  const { mutate } = useMarkRead();
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const arrived = list.filter((item) => !item.read && !fresh.has(item.id)).map((item) => item.id);
  if (arrived.length > 0) setFresh(new Set([...fresh, ...arrived]));
  const newest = list.some((item) => !item.read) ? list[0]?.id : undefined;
  useEffect(() => {
    if (newest) mutate(newest);
  }, [newest, mutate]);
  return fresh;
}

function Item({ item, fresh }: { item: Notification; fresh: boolean }) {
  const { t, date } = useTranslation();
  const open = useOpen(item.screen);
  const content = (
    <>
      <span className={styles.icon}>
        <Icon name={ICONS[item.kind] ?? 'bell'} size={20} />
      </span>
      <span className={styles.words}>
        <span className={styles.name}>
          {item.title}
          {fresh ? <span className={styles.new}>{t('notices.new')}</span> : null}
        </span>
        <span className={styles.text}>{item.text}</span>
        <time className={styles.time} dateTime={item.created_at}>
          {date(item.created_at, 'short')}
        </time>
      </span>
    </>
  );
  return (
    <li className={classes(styles.item, fresh && styles.fresh)}>
      {open ? (
        <button type="button" className={styles.open} onClick={open}>
          {content}
          <Icon name="chevron" size={20} />
        </button>
      ) : (
        <div className={styles.open}>{content}</div>
      )}
    </li>
  );
}

/** What a tap on a notice does; null where it leads nowhere. */
function useOpen(screen: Notification['screen']): (() => void) | null {
  const { platform, project } = useServices();
  const router = useRouter();
  const place = destination(screen, project.slug);
  const bot = project.bot_username;
  if (place === 'chat') return bot ? () => platform.openBot(bot) : null;
  return place && (() => router.go(place));
}
