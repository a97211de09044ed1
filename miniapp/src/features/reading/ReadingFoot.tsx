import { useState } from 'react';
import { isCode } from '@/api/errors';
import { useDeleteReading, useSendReading } from '@/api/queries';
import type { Reading } from '@/api/types';
import { useRouter } from '@/app/router';
import { useServices } from '@/app/services';
import { useTranslation } from '@/i18n';
import { classes } from '@/ui/classes';
import { Icon } from '@/ui/Icon';
import { Confirm } from '@/ui/Sheet';
import { ErrorNote } from '@/ui/State';
import styles from './ReadingScreen.module.css';

/** What can be done with a reading that is over. */
export function ReadingFoot({ reading }: { reading: Reading }) {
  const { t } = useTranslation();
  const router = useRouter();
  const remove = useDeleteReading();
  const [asking, setAsking] = useState(false);
  return (
    <footer className={styles.foot}>
      {reading.state === 'finished' ? <SendToChat reading={reading.id} /> : null}
      <button type="button" className={styles.action} onClick={() => router.go({ name: 'proof', id: reading.id })}>
        <Icon name="lock" />
        {t('reading.proof')}
        <Icon name="chevron" size={18} />
      </button>
      <button type="button" className={classes(styles.action, styles.dangerous)} onClick={() => setAsking(true)}>
        <Icon name="trash" />
        {t('reading.delete')}
        <span />
      </button>
      {asking ? (
        <Confirm
          title={t('history.delete_title')}
          text={t('history.delete_text')}
          action={t('history.delete')}
          busy={remove.isPending}
          error={remove.isError ? <ErrorNote error={remove.error} /> : null}
          onConfirm={() => remove.mutate(reading.id, { onSuccess: () => router.go({ name: 'history' }, { replace: true }) })}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </footer>
  );
}

/** The bot sends cards and text into the person's chat. */
function SendToChat({ reading }: { reading: string }) {
  const { t } = useTranslation();
  const { project, platform } = useServices();
  const send = useSendReading();
  const bot = project.bot_username;
  const closed = isCode(send.error, 'chat_closed');
  return (
    <>
      <button type="button" className={styles.action} disabled={send.isPending || send.isSuccess} onClick={() => send.mutate(reading)}>
        <Icon name={send.isSuccess ? 'check' : 'send'} />
        <span aria-live="polite">{t(send.isSuccess ? 'reading.sent' : 'reading.send')}</span>
        <span />
      </button>
      {send.isError && !closed ? <ErrorNote error={send.error} /> : null}
      {closed ? (
        <p role="alert" className={styles.waiting}>
          {t('reading.chat_closed')}
          {bot ? (
            <button type="button" className={styles.action} onClick={() => platform.openBot(bot, 'app')}>
              {t('error.open_telegram', { bot })}
            </button>
          ) : null}
        </p>
      ) : null}
    </>
  );
}
