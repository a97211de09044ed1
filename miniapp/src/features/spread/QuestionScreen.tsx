import { useState } from 'react';
import { isCode } from '@/api/errors';
import { useMe } from '@/api/queries';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Icon } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { ErrorNote } from '@/ui/State';
import { ConsentScreen } from '../consent/ConsentScreen';
import { useBegun } from '../shop/useBegun';
import styles from './SpreadScreen.module.css';
import { QUESTION_LIMIT, useStartReading } from './useStartReading';

const HINTS = ['question.hint_open', 'question.hint_self', 'question.hint_one'] as const;

export default function QuestionScreen({ spreadKey }: { spreadKey: string }) {
  const { t } = useTranslation();
  const router = useRouter();
  const { platform } = useServices();
  const me = useMe();
  const start = useStartReading();
  const store = useBegun();
  const [question, setQuestion] = useState(() => {
    const begun = store.read();
    return begun && 'spread' in begun && begun.spread === spreadKey ? begun.words : '';
  });
  const left = QUESTION_LIMIT - question.length;

  function submit(): void {
    start.mutate(
      { spread: spreadKey, question },
      {
        onSuccess: ({ id }) => {
          store.drop();
          platform.haptic('success');
          router.go({ name: 'reading', id }, { replace: true, upward: true });
        },
        onError: (error) => {
          if (isCode(error, 'insufficient_balance') || isCode(error, 'fair_use_reached')) {
            store.keep({ spread: spreadKey, words: question });
            void me.refetch();
            router.go({ name: 'packages' }, { replace: true });
          } else if (isCode(error, 'consent_required')) void me.refetch();
          else if (isCode(error, 'spread_not_found')) router.go({ name: 'spread', key: spreadKey }, { replace: true });
        },
      },
    );
  }

  // Consent may have been withdrawn, or put off at the first visit: it is due now.
  if (me.data && me.data.user.consented_at === null) return <ConsentScreen />;

  return (
    <Screen
      title={t('question.title')}
      foot={
        <>
          {start.isError ? <ErrorNote error={start.error} onRetry={submit} /> : null}
          <Button wide busy={start.isPending} onClick={submit}>
            {question.trim() ? t('question.submit') : t('question.skip')}
          </Button>
        </>
      }
    >
      <h1>{t('question.title')}</h1>
      <p className={styles.lead}>{t('question.lead')}</p>
      <div className={styles.question}>
        <label className="visually-hidden" htmlFor="question">
          {t('question.label')}
        </label>
        <textarea
          id="question"
          className={styles.field}
          maxLength={QUESTION_LIMIT}
          placeholder={t('question.placeholder')}
          value={question}
          enterKeyHint="done"
          disabled={start.isPending}
          onChange={(event) => setQuestion(event.target.value)}
        />
        <span className={styles.count} aria-live="polite">
          {left <= 100 ? t('question.left', { count: left }) : ''}
        </span>
      </div>
      <ul className={styles.hints}>
        {HINTS.map((hint) => (
          <li key={hint}>
            <Icon name="spark" size={16} />
            {t(hint)}
          </li>
        ))}
      </ul>
    </Screen>
  );
}
