import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '@/api/errors';
import { keys, useCatalogue, useReading } from '@/api/queries';
import type { Reading } from '@/api/types';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Screen } from '@/ui/Screen';
import { ErrorState, Skeleton, State } from '@/ui/State';
import { FanScreen } from '../fan/FanScreen';
import { CardList, CardSheet } from './Cards';
import { FollowUps } from './FollowUps';
import { dropFresh, takeFresh } from './fresh';
import { KindNote, Prose } from './Prose';
import { RatingRow } from './RatingRow';
import { ReadingFoot } from './ReadingFoot';
import styles from './ReadingScreen.module.css';
import { Table } from './Table';
import { useStream } from './useStream';

/** A reading in whatever state it is: to be drawn, being written, finished, or given up. Works on any device. */
export default function ReadingScreen({ id }: { id: string }) {
  const { t } = useTranslation();
  const router = useRouter();
  const reading = useReading(id);
  const home = () => router.go({ name: 'home' }, { replace: true });

  if (reading.isPending) {
    return (
      <Screen title={t('app.loading')}>
        <Skeleton height={36} width="60%" />
        <div style={{ height: 18 }} />
        <Skeleton height={280} />
      </Screen>
    );
  }
  if (!reading.data) {
    const gone = reading.error instanceof ApiError && [404, 422].includes(reading.error.status);
    return (
      <Screen title={t('error.not_found_title')}>
        {gone ? (
          <State icon="spreads" title={t('error.not_found_title')} text={t('reading.not_found')}>
            <Button look="secondary" onClick={home}>
              {t('action.home')}
            </Button>
          </State>
        ) : (
          <ErrorState error={reading.error} onRetry={() => void reading.refetch()} />
        )}
      </Screen>
    );
  }
  const { data } = reading;
  if (data.state === 'awaiting_draw') return <FanScreen key={id} reading={data} />;
  if (data.state === 'expired') {
    return (
      <Screen title={data.spread.name}>
        <State icon="history" title={data.spread.name} text={t('reading.expired')}>
          <Button onClick={() => router.go({ name: 'spread', key: data.spread.key }, { replace: true })}>{t('reading.again')}</Button>
        </State>
      </Screen>
    );
  }
  return <DrawnReading key={id} reading={data} />;
}

function DrawnReading({ reading }: { reading: Reading }) {
  const { t, date } = useTranslation();
  const { platform } = useServices();
  const client = useQueryClient();
  const catalogue = useCatalogue();
  const all = reading.cards.map((_, index) => index);
  const [open, setOpen] = useState<ReadonlySet<number>>(() => new Set(takeFresh(reading.id) ? [] : all));
  const [looking, setLooking] = useState<number | null>(null);
  const [live] = useState(reading.state === 'interpreting');
  const [written, setWritten] = useState(!live);
  const revealed = open.size >= reading.cards.length;
  const back = catalogue.data?.decks.find(({ key }) => key === reading.deck.key)?.back ?? null;

  const stream = useStream(live ? `/api/v1/readings/${reading.id}/interpretation` : null, () => {
    void client.invalidateQueries({ queryKey: keys.reading(reading.id) });
    void client.invalidateQueries({ queryKey: keys.me });
    void client.invalidateQueries({ queryKey: keys.history });
  });
  const finished = stream.done !== null || reading.state === 'finished';
  const failed = stream.failed !== null || reading.state === 'failed';
  const text = stream.text || (finished ? (reading.interpretation?.text ?? '') : '');

  function turn(indices: readonly number[]): void {
    platform.haptic('land');
    const next = new Set([...open, ...indices]);
    if (next.size >= all.length) dropFresh(reading.id);
    setOpen(next);
  }

  return (
    <Screen title={reading.spread.name}>
      <header className={styles.head}>
        <h1>{reading.spread.name}</h1>
        <p className={styles.date}>{date(reading.created_at, 'short')}</p>
        {reading.question ? <p className={styles.question}>{t('reading.quoted', { question: reading.question })}</p> : null}
      </header>
      <Table
        positions={reading.positions}
        cards={reading.cards}
        back={back}
        open={open}
        onTurn={(index) => turn([index])}
        onTurnAll={() => turn(all)}
        onLook={setLooking}
      />
      {revealed ? (
        <>
          <CardList cards={reading.cards} onLook={setLooking} />
          <section className={styles.section}>
            <h2>{t('reading.interpretation')}</h2>
            {failed ? (
              <p className={styles.waiting}>{t('reading.failed')}</p>
            ) : (
              <Prose
                text={text}
                live={live}
                finished={finished}
                reconnecting={stream.reconnecting}
                waiting={t('reading.writing')}
                language={reading.language}
                onWritten={() => setWritten(true)}
              >
                <KindNote
                  kind={stream.done?.kind ?? reading.interpretation?.kind ?? null}
                  offline={stream.done?.offline ?? reading.interpretation?.offline ?? false}
                />
                <RatingRow reading={reading.id} rating={reading.rating} />
              </Prose>
            )}
          </section>
          {written && reading.state === 'finished' ? <FollowUps reading={reading} /> : null}
          {written || failed ? <ReadingFoot reading={reading} /> : null}
        </>
      ) : null}
      {looking !== null && reading.cards[looking] ? <CardSheet drawn={reading.cards[looking]} onClose={() => setLooking(null)} /> : null}
    </Screen>
  );
}
