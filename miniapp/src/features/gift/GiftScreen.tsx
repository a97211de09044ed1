import { type SubmitEvent, useId, useState } from 'react';
import { isCode } from '@/api/errors';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Screen } from '@/ui/Screen';
import { ErrorNote, State } from '@/ui/State';
import { contentsOf } from '../shop/offers';
import { keepGiftCode, keptGiftCode, readGiftCode } from './code';
import styles from './Gift.module.css';
import { useRedeem } from './queries';

/** A gift that somebody was given: it is opened once. */
export default function GiftScreen() {
  const translation = useTranslation();
  const { t, date } = translation;
  const { platform, project } = useServices();
  const router = useRouter();
  const redeem = useRedeem();
  const [code, setCode] = useState(() => keptGiftCode(project.slug));
  const home = (
    <Button look={redeem.isSuccess ? 'primary' : 'secondary'} onClick={() => router.go({ name: 'home' }, { replace: true })}>
      {t('action.home')}
    </Button>
  );

  function open(wanted: string): void {
    redeem.mutate(wanted, {
      onSuccess: () => {
        keepGiftCode(project.slug, null);
        platform.haptic('success');
      },
      onError: () => platform.haptic('warning'),
    });
  }

  if (redeem.isSuccess) {
    const { package: gift, readings, follow_ups: followUps, until } = redeem.data;
    const what = contentsOf({ kind: 'readings', readings, follow_ups: followUps, period: null }, translation).join(' + ');
    return (
      <Screen title={t('gift.done_title')}>
        <State
          icon="spark"
          title={gift.name}
          text={
            <span role="status">
              {until ? t('gift.done_subscription', { date: date(until) }) : t('gift.done', { what })}
            </span>
          }
        >
          {home}
        </State>
      </Screen>
    );
  }
  if (isCode(redeem.error, 'gift_taken')) {
    const mine = redeem.error.facts.mine === true;
    return (
      <Screen title={t(mine ? 'gift.mine_title' : 'gift.taken_title')}>
        <State icon="check" title={t(mine ? 'gift.mine_title' : 'gift.taken_title')} text={t(mine ? 'gift.mine' : 'gift.taken')}>
          {home}
        </State>
      </Screen>
    );
  }
  if (isCode(redeem.error, 'gift_not_found')) {
    return (
      <Screen title={t('gift.unknown_title')}>
        <State icon="moon" title={t('gift.unknown_title')} text={t('gift.unknown')}>
          <Button
            onClick={() => {
              keepGiftCode(project.slug, null);
              setCode(null);
              redeem.reset();
            }}
          >
            {t('gift.other_code')}
          </Button>
          {home}
        </State>
      </Screen>
    );
  }
  if (isCode(redeem.error, 'already_subscribed')) {
    return (
      <Screen title={t('gift.subscribed_title')}>
        <State icon="history" title={t('gift.subscribed_title')} text={t('gift.subscribed', { date: date(String(redeem.error.facts.until)) })}>
          <Button onClick={() => router.go({ name: 'subscription' })}>{t('subscription.manage')}</Button>
          {home}
        </State>
      </Screen>
    );
  }
  if (!code) return <CodeForm onCode={setCode} />;
  return (
    <Screen title={t('gift.title')}>
      <State icon="spark" title={t('gift.title')} text={t('gift.text')}>
        {redeem.isError ? <ErrorNote error={redeem.error} /> : null}
        <Button busy={redeem.isPending} onClick={() => open(code)}>
          {t('gift.open')}
        </Button>
      </State>
    </Screen>
  );
}

function CodeForm({ onCode }: { onCode: (code: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [unclear, setUnclear] = useState(false);
  const id = useId();

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const code = readGiftCode(text);
    if (code) onCode(code);
    else setUnclear(true);
  }

  return (
    <Screen title={t('gift.code_title')}>
      <h1>{t('gift.code_title')}</h1>
      <form className={styles.form} onSubmit={submit} noValidate>
        <label htmlFor={id}>{t('gift.code_label')}</label>
        <input
          id={id}
          value={text}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          aria-invalid={unclear || undefined}
          aria-describedby={unclear ? `${id}-problem` : undefined}
          onChange={(event) => {
            setText(event.target.value);
            setUnclear(false);
          }}
        />
        {unclear ? (
          <p id={`${id}-problem`} role="alert" className={styles.problem}>
            {t('gift.code_unclear')}
          </p>
        ) : null}
        <Button wide type="submit">
          {t('gift.code_submit')}
        </Button>
      </form>
    </Screen>
  );
}
