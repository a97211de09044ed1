import { useEffect, useState } from 'react';
import type { Theme } from './project';
import { useServices } from './services';
import { applyTheme, themeTokens } from './theme';

/** Keeps the page in the project's look as the catalogue and the place around it have it now. */
export function useTheme(current: Theme | undefined): void {
  const { platform, project } = useServices();
  const [colours, setColours] = useState(platform.colours);
  const theme = current ?? project.theme;
  const signature = JSON.stringify(theme);

  useEffect(() => platform.onColours(setColours), [platform]);

  useEffect(() => {
    const look = JSON.parse(signature) as Theme;
    const tokens = themeTokens(look, colours);
    applyTheme(look, tokens);
    const background = tokens['--background'] ?? look.background;
    platform.paint({ header: background, background });
  }, [signature, colours, platform]);
}
