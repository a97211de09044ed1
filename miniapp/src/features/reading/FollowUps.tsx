import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { unwrap } from '@/api/client';
import { isCode } from '@/api/errors';
import { keys, useMe } from '@/api/queries';
import type { Question, Reading } from '@/api/types';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Icon } from '@/ui/Icon';
import { ErrorNote } from '@/ui/State';
import { QUESTION_LIMIT, randomKey } from '../spread/useStartReading';
import { useBegun } from '../shop/useBegun';
import { KindNote, Prose } from './Prose';
import { RatingRow } from './RatingRow';
import styles from './ReadingScreen.module.css';
import { useStream } from './useStream';

const isOver = (question: Question): boolean =>
  question.answer.state === 'finished' || question.answer.state === 'failed';

/** Questions about a finished reading: first the free ones, then from the balance. */
export function FollowUps({ reading }: { reading: Reading }) {
  const { t } = useTranslation();
  const pending = reading.questions.some((question) => !isOver(question));
  return (
    <section className={styles.section}>
      {reading.questions.map((question) => (
        <Exchange key={question.id} reading={reading} question={question} />
      ))}
      {pending ? null : (
        <div className={styles.section}>
          <h2>{t('follow.title')}</h2>
          <Composer reading={reading} />
        </div>
      )}
    </section>
  );
}

function Exchange({ reading, question }: { reading: Reading; question: Question }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [live] = useState(!isOver(question));
  const path = live ? `/api/v1/readings/${reading.id}/questions/${question.id}/answer` : null;
  const stream = useStream(path, () => {
    void client.invalidateQueries({ queryKey: keys.reading(reading.id) });
    void client.invalidateQueries({ queryKey: keys.me });
  });
  const finished = stream.done !== null || isOver(question);
  const failed = stream.failed !== null || question.answer.state === 'failed';
  const text = stream.text || (finished ? question.answer.text : '');
  return (
    <article className={styles.exchange}>
      <p className={styles.asked}>
        <span className="visually-hidden">{t('follow.you')}: </span>
        {question.text}
      </p>
      {failed ? (
        <p className={styles.waiting}>{t('follow.failed')}</p>
      ) : (
        <Prose
          text={text}
          live={live}
          finished={finished}
          reconnecting={stream.reconnecting}
          waiting={t('follow.writing')}
          language={reading.language}
        >
          <KindNote kind={stream.done?.kind ?? question.answer.kind} offline={stream.done?.offline ?? question.answer.offline} />
          <RatingRow reading={reading.id} question={question.id} rating={question.rating} />
        </Prose>
      )}
    </article>
  );
}

function Composer({ reading }: { reading: Reading }) {
  const { t } = useTranslation();
  const { api, platform } = useServices();
  const router = useRouter();
  const client = useQueryClient();
  const me = useMe();
  const store = useBegun();
  const [text, setText] = useState(() => {
    const begun = store.read();
    return begun && 'reading' in begun && begun.reading === reading.id ? begun.words : '';
  });
  const wish = useRef<{ text: string; key: string } | null>(null);
  const { free_left: freeLeft, cost } = reading.follow_ups;
  const available = me.data?.wallet.follow_ups.available ?? 0;

  const ask = useMutation({
    mutationFn: (words: string) => {
      if (wish.current?.text !== words) wish.current = { text: words, key: randomKey() };
      return unwrap(
        api.POST('/api/v1/readings/{reading_id}/questions', {
          params: { path: { reading_id: reading.id }, header: { 'Idempotency-Key': wish.current.key } },
          body: { text: words },
        }),
      );
    },
    onSuccess: async () => {
      wish.current = null;
      platform.haptic('success');
      setText('');
      store.drop();
      void client.invalidateQueries({ queryKey: keys.me });
      await client.invalidateQueries({ queryKey: keys.reading(reading.id) });
    },
    onError: (error) => {
      // Asked on another device, or the balance moved: show what is true now.
      if (isCode(error, 'question_in_progress') || isCode(error, 'insufficient_balance')) {
        void client.invalidateQueries({ queryKey: keys.reading(reading.id) });
        void client.invalidateQueries({ queryKey: keys.me });
      }
    },
  });

  if (freeLeft === 0 && me.data && available < cost) {
    return (
      <div className={styles.ask}>
        <p className={styles.price}>{t('follow.none')}</p>
        <Button
          look="secondary"
          wide
          onClick={() => {
            store.keep({ reading: reading.id, words: text });
            router.go({ name: 'packages' });
          }}
        >
          {t('profile.packages')}
        </Button>
      </div>
    );
  }
  const words = text.trim();
  return (
    <form
      className={styles.ask}
      onSubmit={(event) => {
        event.preventDefault();
        if (words) ask.mutate(words);
      }}
    >
      <div className={styles.composer}>
        <textarea
          rows={1}
          aria-label={t('follow.title')}
          placeholder={t('follow.placeholder')}
          maxLength={QUESTION_LIMIT}
          value={text}
          enterKeyHint="send"
          disabled={ask.isPending}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className={styles.send} aria-label={t('follow.send')} disabled={!words || ask.isPending}>
          <Icon name="send" />
        </button>
      </div>
      <p className={styles.price}>
        {freeLeft > 0
          ? t('follow.free', { count: freeLeft })
          : `${t('follow.paid', { count: cost })}. ${t('follow.balance', { count: available })}`}
      </p>
      {ask.isError ? <ErrorNote error={ask.error} onRetry={words ? () => ask.mutate(words) : undefined} /> : null}
    </form>
  );
}
