/** Settings of `editorbridge.host` as options of `editorbridge editor`: euOnly becomes --eu-only. An empty text says nothing. */
export function hostArguments(said: Record<string, string | number | boolean>): string[] {
  return Object.entries(said).flatMap(([name, value]) => {
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (typeof value === 'boolean') return value ? [option] : [];
    return value === '' ? [] : [option, String(value)];
  });
}
