import { useEffect, useRef, useState } from 'react';
import { useDeleteReading, useHistory } from '@/api/queries';
import type { ReadingSummary } from '@/api/types';
import { useRouter } from '@/app/router';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { classes } from '@/ui/classes';
import { Icon } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { Confirm } from '@/ui/Sheet';
import { ErrorNote, ErrorState, Skeleton, State } from '@/ui/State';
import { CardFace } from '../cards/Card';
import styles from './History.module.css';

export default function History() {
  const { t } = useTranslation();
  const router = useRouter();
  const history = useHistory();
  const remove = useDeleteReading();
  const [asking, setAsking] = useState<ReadingSummary | null>(null);
  const items = history.data?.pages.flatMap((page) => page.items) ?? [];

  return (
    <Screen title={t('history.title')} tabbed bare>
      <h1 className={styles.title}>{t('history.title')}</h1>
      {history.isPending ? (
        <div className={styles.list} role="status" aria-label={t('app.loading')}>
          <Skeleton height={150} />
          <Skeleton height={150} />
          <Skeleton height={150} />
        </div>
      ) : null}
      {history.isError && items.length === 0 ? (
        <ErrorState error={history.error} onRetry={() => void history.refetch()} />
      ) : null}
      {history.isSuccess && items.length === 0 ? (
        <State icon="history" title={t('history.empty_title')} text={t('history.empty')}>
          <Button onClick={() => router.go({ name: 'home' }, { replace: true })}>{t('action.home')}</Button>
        </State>
      ) : null}
      <ul className={styles.list}>
        {items.map((item) => (
          <Item key={item.id} item={item} onRemove={() => setAsking(item)} />
        ))}
      </ul>
      {items.length > 0 ? (
        <More
          more={history.hasNextPage}
          busy={history.isFetchingNextPage}
          error={history.isFetchNextPageError ? history.error : null}
          load={() => void history.fetchNextPage()}
        />
      ) : null}
      {asking ? (
        <Confirm
          title={t('history.delete_title')}
          text={t('history.delete_text')}
          action={t('history.delete')}
          busy={remove.isPending}
          error={remove.isError ? <ErrorNote error={remove.error} /> : null}
          onConfirm={() => remove.mutate(asking.id, { onSuccess: () => setAsking(null) })}
          onClose={() => setAsking(null)}
        />
      ) : null}
    </Screen>
  );
}

const THUMBS = 5;

function Item({ item, onRemove }: { item: ReadingSummary; onRemove: () => void }) {
  const { t, date } = useTranslation();
  const router = useRouter();
  return (
    <li className={styles.item}>
      <button type="button" className={styles.open} onClick={() => router.go({ name: 'reading', id: item.id })}>
        <h3>{item.spread.name}</h3>
        <span className={styles.meta}>
          <time dateTime={item.created_at}>{date(item.created_at, 'short')}</time>
          {item.state === 'finished' ? null : <span className={styles.state}>{t(`state.${item.state}`)}</span>}
        </span>
        {item.question ? <span className={styles.question}>{item.question}</span> : null}
        {item.cards.length > 0 ? <Thumbs item={item} /> : null}
        {item.excerpt ? <span className={styles.excerpt}>{item.excerpt.replaceAll('**', '')}</span> : null}
      </button>
      <button type="button" className={styles.remove} aria-label={`${t('history.delete')}: ${item.spread.name}`} onClick={onRemove}>
        <Icon name="trash" size={19} />
      </button>
    </li>
  );
}

function Thumbs({ item }: { item: ReadingSummary }) {
  const names = item.cards.map((card) => card.name).join(', ');
  return (
    <span className={styles.cards} role="img" aria-label={names}>
      {item.cards.slice(0, THUMBS).map((card, index) => (
        <span key={index} className={classes(styles.card, card.reversed && styles.reversed)}>
          <CardFace card={{ ...card, number: 0, arcana: 'major', suit: null, rank: null }} width={34} />
        </span>
      ))}
      {item.cards.length > THUMBS ? <span className={styles.more}>+{item.cards.length - THUMBS}</span> : null}
    </span>
  );
}

interface MoreProps {
  more: boolean;
  busy: boolean;
  error: unknown;
  load: () => void;
}

/** Loads the next page when its end comes near the screen. */
function More({ more, busy, error, load }: MoreProps) {
  const { t } = useTranslation();
  const mark = useRef<HTMLDivElement>(null);
  const waiting = more && !busy && !error;
  useEffect(() => {
    if (!mark.current || !waiting) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) load();
      },
      { rootMargin: '400px' },
    );
    observer.observe(mark.current);
    return () => observer.disconnect();
  });
  return (
    <div ref={mark} className={styles.end} role="status">
      {error ? <ErrorNote error={error} onRetry={load} /> : more ? t('history.more') : t('history.end')}
    </div>
  );
}
