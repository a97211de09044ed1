import { useChangeMe, useMe } from '@/api/queries';
import type { Me } from '@/api/types';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { dictionaries, useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Choice } from '@/ui/Choice';
import { Screen } from '@/ui/Screen';
import { ErrorNote, ErrorState, Skeleton } from '@/ui/State';
import { LANGUAGE_NAMES } from '../consent/LanguageSwitch';
import { MannersForm } from '../consent/MannersForm';
import { Wishes } from '../notifications/Wishes';
import { Balance } from '../shop/Balance';
import { Privacy } from './Privacy';
import styles from './Profile.module.css';

export default function Profile() {
  const { t } = useTranslation();
  const me = useMe();
  return (
    <Screen title={t('profile.title')} tabbed bare>
      <h1 className={styles.title}>{me.data?.user.first_name ?? t('profile.title')}</h1>
      {me.data ? <Settings me={me.data} /> : null}
      {me.isPending ? <Skeleton height={180} /> : null}
      {me.isError && !me.data ? <ErrorState error={me.error} onRetry={() => void me.refetch()} /> : null}
    </Screen>
  );
}

function Settings({ me }: { me: Me }) {
  const { t, language } = useTranslation();
  const { project } = useServices();
  const router = useRouter();
  const change = useChangeMe();
  const languages = project.languages.filter((code) => code in dictionaries);
  const { user } = me;
  return (
    <>
      <section className={styles.card}>
        <h2>{t('profile.balance')}</h2>
        <Balance me={me} />
        <Button look="secondary" wide onClick={() => router.go({ name: 'packages' })}>
          {t('profile.packages')}
        </Button>
        <Button look="quiet" wide onClick={() => router.go({ name: 'orders' })}>
          {t('orders.title')}
        </Button>
      </section>
      <section className={styles.card}>
        <h2>
          {t('profile.manners')}
          <span className={styles.saved} role="status">
            {change.isSuccess ? t('profile.saved') : ''}
          </span>
        </h2>
        {languages.length > 1 ? (
          <Choice
            legend={t('profile.language')}
            options={languages.map((code) => ({ value: code, label: LANGUAGE_NAMES[code] ?? code }))}
            value={language}
            onChange={(code) => change.mutate({ language: code })}
          />
        ) : null}
        <MannersForm
          value={{ address: user.address, gender: user.gender, reversals: user.reversals }}
          onChange={(manners) => change.mutate(manners)}
        />
        {change.isError ? <ErrorNote error={change.error} /> : null}
      </section>
      <Wishes />
      <section className={styles.card}>
        <h2>{t('profile.talk')}</h2>
        <p className={styles.muted}>{t('profile.talk_text')}</p>
        <Button look="secondary" wide onClick={() => router.go({ name: 'request' })}>
          {t('lead.title')}
        </Button>
      </section>
      <Privacy me={me} />
    </>
  );
}
