// Draws every <canvas data-chart="…"> from the JSON beside it, in the colours and the language of the page.
const TONES = ["--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6"];
const language = document.documentElement.lang;
const drawn = new Map();

// A custom property holds both themes' colours; only a used one tells which is on.
function colour(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const FORMATS = {
  money: { style: "currency", currency: "BRL" },
  percent: { style: "percent", maximumFractionDigits: 1 },
  count: { maximumFractionDigits: 0 },
  days: { maximumFractionDigits: 1 },
};
const SHORT = {
  money: { style: "currency", currency: "BRL", notation: "compact", maximumFractionDigits: 1 },
  percent: { style: "percent", maximumFractionDigits: 0 },
  count: { notation: "compact" },
  days: { maximumFractionDigits: 0 },
};
const writer = (formats, unit) => {
  const format = new Intl.NumberFormat(language, formats[unit] ?? formats.count);
  return (value) => (value === null ? "—" : format.format(value));
};

function dataset(series, at, kind, paper) {
  const line = series.kind === "line";
  const tone = colour(series.tone ? `--${series.tone}` : TONES[at % TONES.length]);
  const shared = { label: series.name, data: series.values };
  if (kind === "share") {
    const tones = series.values.map((_, part) => colour(TONES[part % TONES.length]));
    return { ...shared, backgroundColor: tones, borderColor: paper, borderWidth: 2 };
  }
  if (line || kind === "line") {
    return { ...shared, type: "line", borderColor: tone, backgroundColor: tone, borderWidth: 2, pointRadius: 0, pointHitRadius: 12 };
  }
  return { ...shared, backgroundColor: tone, borderRadius: 3, maxBarThickness: 38 };
}

function options(kind, unit, several) {
  const long = writer(FORMATS, unit);
  const short = writer(SHORT, unit);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const across = kind === "across";
  const soft = colour("--soft");
  const value = { beginAtZero: true, stacked: kind === "stacked", grid: { color: colour("--line") }, border: { display: false }, ticks: { callback: short, maxTicksLimit: 6, color: soft } };
  const names = { stacked: kind === "stacked", grid: { display: false }, border: { color: colour("--edge") }, ticks: { color: soft, maxRotation: 0, autoSkip: !across, autoSkipPadding: 14 } };
  const number = ({ parsed, label, dataset: of }) =>
    kind === "share" ? `${label}: ${long(parsed)}` : `${of.label}: ${long(across ? parsed.x : parsed.y)}`;
  return {
    responsive: true,
    maintainAspectRatio: false,
    animation: still ? false : { duration: 250 },
    indexAxis: across ? "y" : "x",
    interaction: { mode: kind === "share" ? "nearest" : "index", axis: across ? "y" : "x", intersect: kind === "share" },
    scales: kind === "share" ? {} : { [across ? "x" : "y"]: value, [across ? "y" : "x"]: names },
    plugins: {
      legend: { display: several || kind === "share", position: kind === "share" ? "right" : "bottom", labels: { color: colour("--ink"), boxWidth: 12, boxHeight: 12 } },
      tooltip: { callbacks: { label: number } },
    },
  };
}

function draw(canvas) {
  const kind = canvas.dataset.chart;
  const { labels, series, unit } = JSON.parse(canvas.nextElementSibling.textContent);
  drawn.get(canvas)?.destroy();
  const type = { share: "doughnut", line: "line" }[kind] ?? "bar";
  const datasets = series.map((one, at) => dataset(one, at, kind, colour("--paper")));
  drawn.set(canvas, new Chart(canvas, { type, data: { labels, datasets }, options: options(kind, unit, series.length > 1) }));
}

function drawAll() {
  for (const [canvas, chart] of drawn) {
    if (canvas.isConnected) continue;
    chart.destroy();
    drawn.delete(canvas);
  }
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  document.querySelectorAll("canvas[data-chart]").forEach(draw);
}

document.addEventListener("htmx:afterSettle", drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
drawAll();
