import * as path from 'node:path';

/** What is looked at to find the program. Values only, so that every platform's answer can be tested on one. */
export interface Surroundings {
  configured: string;
  dotnet: string;
  bundle: string;
  platform: NodeJS.Platform;
  searchPath: string;
  exists(file: string): boolean;
}

export interface Program {
  file: string;
  args: string[];
  source: 'setting' | 'bundled' | 'path';
}

/** Why no program was found; the text is for the user. */
export interface NotFound {
  problem: string;
  needsDotnet: boolean;
}

/** Order: the setting, the bundled program, the bundled library on `dotnet`, `editorbridge` on PATH. A setting that points nowhere is an error, not a reason to look further. */
export function locate(around: Surroundings): Program | NotFound {
  const exe = around.platform === 'win32' ? '.exe' : '';
  if (around.configured) {
    if (!around.exists(around.configured)) return { problem: `The setting editorbridge.server.path names ${around.configured}, which does not exist.`, needsDotnet: false };
    return around.configured.endsWith('.dll') ? onDotnet(around, around.configured, 'setting') : { file: around.configured, args: [], source: 'setting' };
  }
  const flavour = around.platform === 'win32' ? path.win32 : path.posix;
  const program = flavour.join(around.bundle, `editorbridge${exe}`);
  if (around.exists(program)) return { file: program, args: [], source: 'bundled' };
  const library = flavour.join(around.bundle, 'editorbridge.dll');
  if (around.exists(library)) return onDotnet(around, library, 'bundled');
  const installed = onPath(around, `editorbridge${exe}`);
  if (installed) return { file: installed, args: [], source: 'path' };
  return {
    problem: 'The EditorBridge program was not found: this package does not carry one for your platform, and there is no editorbridge on PATH. Install the package for your platform, or set editorbridge.server.path.',
    needsDotnet: false,
  };
}

function onDotnet(around: Surroundings, library: string, source: Program['source']): Program | NotFound {
  const dotnet = around.dotnet && around.exists(around.dotnet) ? around.dotnet : onPath(around, around.platform === 'win32' ? 'dotnet.exe' : 'dotnet');
  if (dotnet) return { file: dotnet, args: [library], source };
  return {
    problem: around.dotnet
      ? `The setting editorbridge.server.dotnetPath names ${around.dotnet}, which does not exist.`
      : 'EditorBridge needs the ASP.NET Core 10 runtime, and no dotnet was found on PATH. Install .NET 10, or set editorbridge.server.dotnetPath.',
    needsDotnet: true,
  };
}

function onPath(around: Surroundings, name: string): string | undefined {
  const flavour = around.platform === 'win32' ? path.win32 : path.posix;
  return around.searchPath
    .split(flavour.delimiter)
    // A relative entry of PATH would be looked up in whatever folder is current: a way to run a cloned repository's program.
    .filter((folder) => flavour.isAbsolute(folder))
    .map((folder) => flavour.join(folder, name))
    .find((file) => around.exists(file));
}
