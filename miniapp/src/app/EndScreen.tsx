import type { SessionEnded } from '@/api/errors';
import { type MessageKey, useTranslation } from '@/i18n';
import { Button } from '@/ui/Button';
import type { IconName } from '@/ui/Icon';
import { Screen } from '@/ui/Screen';
import { State } from '@/ui/State';
import { keptGiftCode } from '@/features/gift/code';
import { projectName } from './project';
import { useServices } from './services';

const WORDS: Readonly<Record<SessionEnded['reason'], { icon: IconName; title: MessageKey; text: MessageKey }>> = {
  outside: { icon: 'moon', title: 'error.outside_title', text: 'error.outside' },
  expired: { icon: 'history', title: 'error.expired_title', text: 'error.expired' },
  link: { icon: 'lock', title: 'error.link_title', text: 'error.link' },
  blocked: { icon: 'lock', title: 'error.blocked_title', text: 'error.blocked' },
  'signed-out': { icon: 'profile', title: 'error.signed_out_title', text: 'error.signed_out' },
  erased: { icon: 'spark', title: 'profile.erased_title', text: 'profile.erased_text' },
};

/** There is no session, and only the person can do something about it. */
export function EndScreen({ end, onSignIn }: { end: SessionEnded; onSignIn: () => void }) {
  const { t, language } = useTranslation();
  const { project, platform } = useServices();
  const words = WORDS[end.reason];
  const bot = project.bot_username;
  // Somebody who was given a gift finds it in the chat, too.
  const gift = keptGiftCode(project.slug);
  const lost = end.reason === 'outside' || end.reason === 'expired' || end.reason === 'link';
  return (
    <Screen title={t(words.title)} bare>
      <State icon={words.icon} title={t(words.title)} text={t(words.text, { name: projectName(project, language) })}>
        {end.reason !== 'link' && lost && bot ? <Button onClick={() => platform.openBot(bot, gift ? `gift_${gift}` : undefined)}>{t('error.open_telegram', { bot })}</Button> : null}
        {platform.name === 'web' && lost && bot ? (
          <Button look={end.reason === 'link' ? 'primary' : 'secondary'} onClick={() => platform.openBot(bot, 'web')}>
            {t('error.send_link')}
          </Button>
        ) : null}
        {platform.renew && lost ? (
          <Button look="secondary" onClick={platform.renew}>
            {t('profile.guest')}
          </Button>
        ) : null}
        {end.reason === 'signed-out' ? <Button onClick={onSignIn}>{t('error.sign_in')}</Button> : null}
      </State>
    </Screen>
  );
}
