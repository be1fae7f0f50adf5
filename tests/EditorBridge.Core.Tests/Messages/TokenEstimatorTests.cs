using System.Text;

namespace EditorBridge.Messages;

public sealed class TokenEstimatorTests
{
    [Theory]
    [InlineData("Hello, how are you today?", 5, 9)]
    [InlineData("select customer_id, sum(amount) from orders where created_at > '2026-01-01' group by 1;", 18, 40)]
    [InlineData("日本語のテキスト", 6, 16)]
    [InlineData("", 0, 0)]
    public void Text_is_estimated_in_the_range_tokenisers_give(string text, long least, long most) =>
        Assert.InRange(TokenEstimator.CountText(Encoding.UTF8.GetBytes(text)), least, most);

    [Fact]
    public void Tools_system_and_results_count_and_old_thinking_does_not()
    {
        const string Plain = """{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"a question"}]}""";
        const string Tools = """{"model":"m","max_tokens":1,"tools":[{"name":"A","description":"does","input_schema":{"type":"object"}}],"system":"be brief","messages":[{"role":"user","content":"a question"}]}""";
        const string Thinking = """{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"a question"},{"role":"assistant","content":[{"type":"thinking","thinking":"a very long line of thought about it","signature":"x"}]}]}""";
        var plain = Estimate(Plain);
        Assert.True(Estimate(Tools) > plain + 340);
        Assert.InRange(Estimate(Thinking), plain + 4, plain + 10);
    }

    [Fact]
    public void Image_costs_its_area()
    {
        byte[] png = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, 0, 0, 0, 13, (byte)'I', (byte)'H', (byte)'D', (byte)'R', 0, 0, 2, 0, 0, 0, 1, 0, 8, 6];
        var small = Estimate($$$"""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"{{{Convert.ToBase64String(png)}}}"}}]}]}""");
        Assert.InRange(small, 512 * 256 / 750, (512 * 256 / 750) + 10);
    }

    [Fact]
    public void Estimates_learn_from_what_the_account_counted_and_report_their_error()
    {
        var calibration = ModelCalibration.None;
        for (var i = 0; i < 30; i++)
        {
            calibration = calibration.Learn(1000 + i, (long)((1000 + i) * 1.3));
        }
        Assert.InRange(calibration.Apply(1000), 1290, 1310);
        Assert.True(calibration.MeanError < 0.05);
        Assert.Equal(30, calibration.Samples);
        Assert.Equal(calibration, calibration.Learn(10, 500));
    }

    [Fact]
    public void Accuracy_judges_each_prompt_before_it_learns_from_it_and_leaves_out_what_teaches_nothing()
    {
        var models = EstimatorAccuracy.Of([new("a", 1000, 1250), new("b", 100, 90), new("a", 1000, 1250), new("a", 2000, 2500)]);

        var model = Assert.Single(models);
        Assert.Equal(("a", 3), (model.Model, model.Prompts));
        Assert.Equal((0.2, 1.25), (Math.Round(model.RawError, 6), Math.Round(model.Factor, 6)));
        Assert.Equal((Math.Round(0.2 / 3, 6), 0.2), (Math.Round(model.MeanError, 6), Math.Round(model.Error95, 6)));
    }

    private static long Estimate(string json) => TokenEstimator.Estimate(Vectors.Request(json));
}
