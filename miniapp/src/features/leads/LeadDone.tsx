import type { components } from '@/api/schema';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import { Screen } from '@/ui/Screen';
import { State } from '@/ui/State';
import styles from './LeadScreen.module.css';

/** What became of the request: kept, with the number as it was understood, or one of today stands already. */
export function LeadDone({ lead }: { lead: components['schemas']['Lead'] }) {
  const { t } = useTranslation();
  const router = useRouter();
  const { platform, project } = useServices();
  const bot = project.bot_username;
  const title = t(lead.is_new ? 'lead.done_title' : 'lead.known_title');
  return (
    <Screen title={title}>
      <div role="status" style={{ display: 'contents' }}>
        <State
          icon="check"
          title={title}
          text={
            <>
              {t(lead.is_new ? 'lead.done' : 'lead.known')}
              {lead.phone ? <span className={styles.number}>{lead.phone}</span> : null}
            </>
          }
        >
          {!lead.is_new && bot ? <Button onClick={() => platform.openBot(bot)}>{t('lead.write')}</Button> : null}
          <Button look={lead.is_new || !bot ? 'primary' : 'quiet'} onClick={() => router.go({ name: 'home' }, { replace: true })}>
            {t('action.home')}
          </Button>
        </State>
      </div>
    </Screen>
  );
}
