import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { unwrap } from '@/api/client';
import { SessionEnded } from '@/api/errors';
import { useChangeMe } from '@/api/queries';
import type { Me } from '@/api/types';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Confirm } from '@/ui/Sheet';
import { ErrorNote } from '@/ui/State';
import { ConsentScreen } from '../consent/ConsentScreen';
import styles from './Profile.module.css';

type Asking = 'withdraw' | 'erase' | null;

/** Consent, leaving, and being forgotten. */
export function Privacy({ me }: { me: Me }) {
  const { t, date } = useTranslation();
  const { api, session, project, platform } = useServices();
  const router = useRouter();
  const change = useChangeMe();
  const [asking, setAsking] = useState<Asking>(null);
  const [consenting, setConsenting] = useState(false);
  const consented = me.user.consented_at;

  const erase = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/v1/me', { body: { confirm: true } })),
    onSuccess: () => {
      router.go({ name: 'home' }, { replace: true });
      void session.forget(new SessionEnded('erased'));
    },
  });

  // Once the consent is given this screen is left behind by itself.
  if (consenting && consented === null) {
    return (
      <div style={{ position: 'fixed', inset: 0, zIndex: 30, overflowY: 'auto', padding: '0 var(--page)', background: 'var(--background)' }}>
        <ConsentScreen onSkip={() => setConsenting(false)} />
      </div>
    );
  }
  const { readings, follow_ups: followUps } = me.wallet;
  return (
    <section className={styles.card}>
      <h2>{t('profile.privacy')}</h2>
      <p className={styles.muted}>
        {consented ? t('profile.consent_given', { date: date(consented) }) : t('profile.consent_none')}
      </p>
      <div className={styles.stack}>
        {consented ? (
          <Button look="secondary" onClick={() => setAsking('withdraw')}>
            {t('profile.withdraw')}
          </Button>
        ) : (
          <Button onClick={() => setConsenting(true)}>{t('profile.consent_give')}</Button>
        )}
        <Button look="secondary" onClick={() => void session.logOut()}>
          {t('profile.log_out')}
        </Button>
        <Button look="danger" onClick={() => setAsking('erase')}>
          {t('profile.erase')}
        </Button>
        {project.demo && platform.renew ? (
          <Button look="quiet" onClick={platform.renew}>
            {t('profile.guest')}
          </Button>
        ) : null}
      </div>
      {asking === 'withdraw' ? (
        <Confirm
          title={t('profile.withdraw_title')}
          text={t('profile.withdraw_text')}
          action={t('profile.withdraw')}
          busy={change.isPending}
          error={change.isError ? <ErrorNote error={change.error} /> : null}
          onConfirm={() => change.mutate({ consent: false }, { onSuccess: () => setAsking(null) })}
          onClose={() => setAsking(null)}
        />
      ) : null}
      {asking === 'erase' ? (
        <Confirm
          title={t('profile.erase_title')}
          text={
            <>
              <p>{t('profile.erase_text')}</p>
              {readings.balance + followUps.balance > 0 ? (
                <p>
                  {t('profile.erase_forfeit', {
                    readings: t('count.readings', { count: readings.balance }),
                    follow_ups: t('count.follow_ups', { count: followUps.balance }),
                  })}
                </p>
              ) : null}
            </>
          }
          action={t('profile.erase_confirm')}
          busy={erase.isPending}
          error={erase.isError ? <ErrorNote error={erase.error} /> : null}
          onConfirm={() => erase.mutate()}
          onClose={() => setAsking(null)}
        />
      ) : null}
    </section>
  );
}
