import { useState } from 'react';
import { useCatalogue, useChangeMe, useMe } from '@/api/queries';
import type { User } from '@/api/types';
import { useBackOverride } from '@/app/back';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { deviceZone } from '@/platform/zone';
import { Button } from '@/ui/Button';
import { Toggle } from '@/ui/Choice';
import { Icon } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { ErrorNote } from '@/ui/State';
import styles from './ConsentScreen.module.css';
import { LanguageSwitch } from './LanguageSwitch';
import { type Manners, MannersForm } from './MannersForm';

/** What has to be known and agreed before the first question, then how to talk: two short steps. */
export function ConsentScreen({ onSkip }: { onSkip?: () => void }) {
  const me = useMe();
  const [agreed, setAgreed] = useState(false);
  const [step, setStep] = useState<'notice' | 'manners'>('notice');

  if (!me.data) return null;
  if (step === 'notice') {
    return <Notice agreed={agreed} onAgree={setAgreed} onNext={() => setStep('manners')} onSkip={onSkip} />;
  }
  return <MannersStep user={me.data.user} onBack={() => setStep('notice')} />;
}

interface NoticeProps {
  agreed: boolean;
  onAgree: (agreed: boolean) => void;
  onNext: () => void;
  onSkip?: () => void;
}

function Notice({ agreed, onAgree, onNext, onSkip }: NoticeProps) {
  const { t } = useTranslation();
  const catalogue = useCatalogue();
  const notice = catalogue.data?.project.notice;
  return (
    <Screen
      key="notice"
      title={t('consent.title')}
      aside={<LanguageSwitch />}
      foot={
        <>
          <div className={styles.agree}>
            <Toggle look="box" name={t('consent.agree')} checked={agreed} onChange={onAgree} />
          </div>
          <Button wide disabled={!agreed} onClick={onNext}>
            {t('consent.next')}
          </Button>
          {onSkip ? (
            <Button look="quiet" wide onClick={onSkip}>
              {t('consent.look')}
            </Button>
          ) : null}
        </>
      }
    >
      <div className={styles.top}>
        <h1>{t('consent.title')}</h1>
        <p className={styles.lead}>{t('consent.lead')}</p>
      </div>
      <ul className={styles.points}>
        <Point sign="18+" title={t('consent.age')} text={t('consent.age_hint')} />
        <Point sign={<Icon name="moon" />} title={t('consent.play')} text={t('consent.play_hint')} />
        <Point sign={<Icon name="spark" />} title={t('consent.ai')} text={t('consent.ai_hint')} />
      </ul>
      {notice ? <p className={styles.notice}>{notice}</p> : null}
    </Screen>
  );
}

function Point({ sign, title, text }: { sign: React.ReactNode; title: string; text: string }) {
  return (
    <li className={styles.point}>
      <span className={styles.sign_small} aria-hidden="true">
        {sign}
      </span>
      <div>
        <h2>{title}</h2>
        <p>{text}</p>
      </div>
    </li>
  );
}

function MannersStep({ user, onBack }: { user: User; onBack: () => void }) {
  useBackOverride(true, onBack);
  const { t } = useTranslation();
  const { platform } = useServices();
  const change = useChangeMe();
  const [manners, setManners] = useState<Manners>({
    address: user.address,
    gender: user.gender,
    reversals: user.reversals,
  });
  const save = () =>
    change.mutate(
      { ...manners, consent: true, timezone: deviceZone() },
      { onSuccess: () => platform.haptic('success') },
    );
  return (
    <Screen
      key="manners"
      title={t('consent.manners_title')}
      foot={
        <>
          {change.isError ? <ErrorNote error={change.error} onRetry={save} /> : null}
          <Button wide busy={change.isPending} onClick={save}>
            {t('consent.start')}
          </Button>
        </>
      }
    >
      <div className={styles.top}>
        <h1>{t('consent.manners_title')}</h1>
        <p className={styles.lead}>{t('consent.manners_lead')}</p>
      </div>
      <div className={styles.manners}>
        <MannersForm value={manners} onChange={setManners} />
      </div>
    </Screen>
  );
}
