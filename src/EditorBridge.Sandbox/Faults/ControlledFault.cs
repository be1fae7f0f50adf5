namespace EditorBridge.Sandbox.Faults;

/// <summary>Plays the scenario the control path named, on every REST path: also where no prompt and no statement could name one.</summary>
internal sealed class ControlledFault(SandboxAccount account)
{
    private readonly FaultDesk _desk = new();
    private readonly FaultPlayer _player = new(account.Stale, account.Options);

    /// <returns>True when the fault was the whole answer.</returns>
    public async Task<bool> PlayAsync(HttpContext context)
    {
        if (account.Control.Fault is not { } wish || !context.Request.Path.StartsWithSegments("/api/v2"))
        {
            return false;
        }

        var (fault, _) = _desk.For(wish, scripted: null, prompt: "", scope: wish);
        if (fault is null)
        {
            // Played as often as was asked, or not a scenario at all.
            account.Control.Fault = null;
            return false;
        }

        return await _player.PlayBeforeAnswerAsync(context, fault, maxTokens: null, model: null);
    }
}
