#!/usr/bin/python3
"""Fast tests of ainnbench: arithmetic on known answers, tables on disk, and one small run through real programs."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get('srcdir', os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = os.path.join(SOURCE, 'tools')
sys.path.insert(0, TOOLS)
sys.dont_write_bytecode = True

try:
    import matplotlib  # noqa: F401
    import numpy as np
    import scipy  # noqa: F401
    from PIL import Image
except ImportError as error:
    print('left out: %s' % error)
    sys.exit(77)

from bench import bdrate, callgrind, codecs, crops, machine, measure, metrics, peak, perceptual, pictures, process, report, scale, stages, store, tables  # noqa: E402


def photograph(height=200, width=240, seed=1):
    """Something with edges, slopes and grain."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    grey = 90 + 60 * np.sin(x / 17) * np.cos(y / 23) + 40 * ((x // 40 + y // 30) % 2)
    rgb = np.stack([grey, grey * 0.8 + 20, 255 - grey], axis=2) + random.normal(0, 4, (height, width, 3))
    return np.clip(rgb, 0, 255).astype(np.uint8)


class Metrics(unittest.TestCase):
    def test_psnr_of_a_known_error(self):
        a = np.full((8, 8, 3), 100, np.uint8)
        self.assertAlmostEqual(metrics.psnr(a, a + 1), 10 * np.log10(255 ** 2), places=9)
        self.assertEqual(metrics.psnr(a, a), 99.0)
        self.assertAlmostEqual(metrics.psnr(np.zeros_like(a), np.full_like(a, 255)), 0, places=9)

    def test_msssim_of_equal_and_of_worse_pictures(self):
        a = photograph()
        self.assertAlmostEqual(metrics.msssim(a, a), 1, places=6)
        slightly = np.clip(a.astype(int) + np.random.default_rng(2).normal(0, 5, a.shape), 0, 255).astype(np.uint8)
        badly = np.clip(a.astype(int) + np.random.default_rng(2).normal(0, 40, a.shape), 0, 255).astype(np.uint8)
        self.assertGreater(1, metrics.msssim(a, slightly))
        self.assertGreater(metrics.msssim(a, slightly), metrics.msssim(a, badly))

    def test_msssim_is_the_definition(self):
        """Against the same formula written the slow way, on one scale of a small part."""
        a, b = photograph(176, 177, 3), photograph(176, 177, 4)
        window = np.exp(-(np.arange(11) - 5.0) ** 2 / (2 * 1.5 ** 2))
        window = np.outer(window, window) / window.sum() ** 2

        def statistics(x, y):
            views = [np.lib.stride_tricks.sliding_window_view(v, (11, 11)) for v in (x, y)]
            mx, my = [(v * window).sum((2, 3)) for v in views]
            sx, sy = [(v * v * window).sum((2, 3)) - m * m for v, m in zip(views, (mx, my))]
            sxy = (views[0] * views[1] * window).sum((2, 3)) - mx * my
            return mx, my, sx + sy, sxy

        total = 0
        for channel in range(3):
            x, y, product = a[:, :, channel].astype(float), b[:, :, channel].astype(float), 1.0
            for level, weight in enumerate(metrics.SCALE_WEIGHTS):
                mx, my, variance, covariance = statistics(x, y)
                value = (2 * covariance + 58.5225) / (variance + 58.5225)
                if level == 4:
                    value *= (2 * mx * my + 6.5025) / (mx * mx + my * my + 6.5025)
                product *= max(value.mean(), 0) ** weight
                x, y = [np.pad(v, [(s % 2, 0) for s in v.shape]) for v in (x, y)]
                x, y = [v.reshape(v.shape[0] // 2, 2, v.shape[1] // 2, 2).mean((1, 3)) for v in (x, y)]
            total += product / 3
        self.assertAlmostEqual(metrics.msssim(a, b), total, places=4)

    def test_too_small_for_msssim(self):
        a = photograph(160, 300)
        self.assertIsNone(metrics.msssim(a, a))


class BdRate(unittest.TestCase):
    points = [(0.1, 27.0), (0.2, 29.5), (0.4, 32.0), (0.8, 35.0), (1.6, 38.5)]

    def test_a_constant_factor_is_found(self):
        anchor = bdrate.Curve(self.points)
        test = bdrate.Curve([(r * 0.8, q) for r, q in self.points])
        percent, low, high = bdrate.bd_rate(anchor, test)
        self.assertAlmostEqual(percent, -20, places=6)
        self.assertEqual((low, high), (27.0, 38.5))
        self.assertAlmostEqual(bdrate.bd_rate(test, anchor)[0], 25, places=6)

    def test_ranges(self):
        anchor, test = bdrate.Curve(self.points), bdrate.Curve([(r * 0.8, q) for r, q in self.points])
        _, low, high = bdrate.bd_rate(anchor, test, rates=(0.16, 0.64))
        self.assertAlmostEqual(low, 29.5)
        self.assertAlmostEqual(high, 35.0)
        _, low, high = bdrate.bd_rate(anchor, test, qualities=(28, 36))
        self.assertEqual((low, high), (28, 36))
        self.assertIsNone(bdrate.bd_rate(anchor, bdrate.Curve([(0.1, 50.0), (0.2, 52.0)])))
        self.assertIsNone(bdrate.bd_rate(anchor, bdrate.Curve([(0.1, 30.0)])))

    def test_useless_points_are_left_out(self):
        curve = bdrate.Curve([(0.1, 27), (0.3, 26), (0.2, 29), (0.2, 28)])
        self.assertEqual(list(curve.quality), [27, 28])
        self.assertAlmostEqual(curve.rate_at(27), 0.1)
        self.assertAlmostEqual(curve.quality_at(9), 28)


class Tables(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, 'results.csv')

    def row(self, codec, setting, picture, bpp, psnr):
        return {'codec': codec, 'setting': setting, 'picture': picture, 'bytes': int(bpp * 1000), 'bpp': bpp, 'psnr': psnr, 'msssim': None,
                'enc_s': 0.1, 'dec_s': 0.2, 'enc_cpu_s': 0.1, 'dec_cpu_s': 0.2}

    def test_an_interrupted_table_goes_on(self):
        key = ['codec', 'setting', 'picture']
        table = store.Table(self.path, store.COLUMNS, key)
        table.add(self.row('a', '5', 'one', 0.5, 30.0))
        with open(self.path, 'a') as file:
            file.write('a,5,two,12')
        again = store.Table(self.path, store.COLUMNS, key)
        self.assertTrue(again.has('a', 5, 'one'))
        self.assertFalse(again.has('a', 5, 'two'))
        again.add(self.row('a', '5', 'two', 1.5, 32.0))
        self.assertEqual(len(store.read(self.path)), 2)
        mean = store.averages(store.read(self.path))['a'][0]
        self.assertEqual((mean['bpp'], mean['psnr'], mean['pictures'], mean['msssim']), (1.0, 31.0, 2, None))

    def test_settings_that_lack_pictures_do_not_count(self):
        rows = [self.row('a', '1', 'one', 0.5, 30.0), self.row('a', '1', 'two', 0.6, 31.0), self.row('a', '2', 'one', 0.9, 33.0)]
        self.assertEqual([m['setting'] for m in store.averages(rows)['a']], ['1'])

    def test_a_codec_can_be_done_again(self):
        table = store.Table(self.path, store.COLUMNS, ['codec', 'setting', 'picture'])
        table.add(self.row('a', '5', 'one', 0.5, 30.0))
        table.add(self.row('b', '5', 'one', 0.5, 30.0))
        table.drop(['a'])
        self.assertEqual([r['codec'] for r in store.read(self.path)], ['b'])

    def test_published_curves(self):
        path = os.path.join(self.folder, 'published.csv')
        with open(path, 'w') as file:
            file.write('codec,bpp,psnr,ms-ssim,source\nvtm,0.2,30,0.95,x\nvtm,0.1,28,,x\n')
        means = store.published(path)['vtm']
        self.assertEqual([m['bpp'] for m in means], [0.1, 0.2])
        self.assertEqual([m['msssim'] for m in means], [None, 0.95])

    def test_timing_is_a_median_of_rounds(self):
        rows = [dict(codec='a', setting='5', picture='one', repeat=n, enc_s=t, dec_s=t, enc_cpu_s=t, dec_cpu_s=t) for n, t in enumerate((1, 9, 2))]
        rows += [dict(codec='a', setting='5', picture='two', repeat=n, enc_s=4, dec_s=4, enc_cpu_s=4, dec_cpu_s=4) for n in range(3)]
        self.assertEqual(measure.timing_medians(rows)['a']['enc_s'], 3)

    def test_report(self):
        with open(self.path, 'w') as file:
            file.write(','.join(store.COLUMNS) + '\n')
            for codec, factor in (('jpeg', 1.0), ('ainn-fast', 0.5)):
                for setting, (bpp, quality) in enumerate(BdRate.points):
                    for picture in ('one', 'two'):
                        file.write('%s,%d,%s,%d,%g,%g,%g,0.1,0.1,0.1,0.1\n' % (codec, setting, picture, bpp * 1000, bpp * factor, quality, 0.9 + setting / 100))
        docs = os.path.join(self.folder, 'docs')
        path = report.write(self.folder, docs)
        with open(path) as file:
            text = file.read()
        self.assertIn('-50.0', text)
        self.assertNotIn(self.folder, text)
        for name in ('rd-psnr.png', 'rd-psnr.svg', 'rd-msssim.png', 'time-rate.svg', 'bdrate.csv', 'summary.csv', 'results.csv'):
            self.assertTrue(os.path.getsize(os.path.join(docs, 'bench', name)) > 0, name)

        self.assertIn('CPU ms', text)
        with open(os.path.join(self.folder, 'run.json'), 'w') as file:       # of another run: it does not name jpeg
            json.dump({'results': {'commands': ['ainnbench'], 'codecs': {'ainn-fast': {'title': 'libainn fast', 'commands': []}}}}, file)
        with open(report.write(self.folder, docs)) as file:
            self.assertNotIn('CPU ms', file.read())


class Outputs(unittest.TestCase):
    """What other programs print is understood."""

    def test_stages(self):
        text = 'time          0.100 s\n  conversion  0.010 s (stages: summed over threads)\n  entropy net 0.020 s\n  coding      0.005 s\n'
        self.assertEqual(stages.parse(text), {'time': 0.1, 'conversion': 0.01, 'entropy net': 0.02, 'coding': 0.005})

    def test_macs(self):
        text = 'model fast\n  id  12\n  analysis     12.50 kMAC per pixel\n  entropy      3.00 kMAC per pixel\n  synthesis    20.25 kMAC per pixel\n'
        self.assertEqual(machine.parse_macs(text), {'analysis': 12.5, 'entropy': 3.0, 'synthesis': 20.25})

    def test_callgrind(self):
        text = ('1,000 (100.0%)  PROGRAM TOTALS\n\n   Ir\n900 (90.0%)  dir/a.c:ainn_analysis_push [/lib/libainn.so]\n'
                '300 (30.0%)  b.c:dense_row.constprop.0 [/lib/x.so]\n20 ( 2.0%)  /usr/b.h:dense_row.constprop.0 [/lib/x.so]\n40 ( 4.0%)  ???:main\'2 [/bin/x]\n')
        counts, total = callgrind.parse(text)
        self.assertEqual((counts, total), ({'ainn_analysis_push': 900, 'dense_row.constprop.0': 320, 'main': 40}, 1000))
        self.assertEqual(callgrind._inclusive(counts, 'dense_row'), 320)
        self.assertEqual(callgrind._inclusive(counts, 'dense'), 0)

    def test_callgrind_counts_what_is_inclusive_once(self):
        text = ('1,000 (100.0%)  PROGRAM TOTALS\n900 (90.0%)  /src/dir/a.c:push\n900 (90.0%)  dir/a.c:push [/lib/libainn.so]\n'
                '30 ( 3.0%)  dir/a.h:push\n500 (50.0%)  a.c:push\'2 [/lib/libainn.so]\n')
        self.assertEqual(callgrind.parse(text, inclusive=True), ({'push': 900}, 1000))

    def test_callgrind_refuses_stages_above_the_whole(self):
        counts = {'ainn_rotate_row': 10, 'ainn_analysis_push': 70, 'ainn_group_encode': 30, 'ainn_context_step': 20}
        self.assertEqual(callgrind.stages_of('encode', counts, 100), [('conversion', 10), ('analysis', 40), ('entropy networks', 20), ('coding', 10),
                                                                      ('files and start-up', 20), ('all', 100)])
        with self.assertRaisesRegex(process.ProgramError, 'counted twice'):
            callgrind.stages_of('encode', counts, 79)

    def test_peak(self):
        rows = [{'what': 'avx2', 'rate': '176.0', 'unit': 'G multiply-accumulates/s'}, {'what': 'vnni', 'rate': '352.0', 'unit': 'G multiply-accumulates/s'},
                {'what': 'read', 'rate': '999', 'unit': 'GB/s'}]
        self.assertEqual(peak.int16_peak(rows), (352.0, 'vnni'))
        self.assertIsNone(peak.int16_peak(rows[2:]))


class Programs(unittest.TestCase):
    def test_a_program_is_measured_and_its_failure_told(self):
        done = process.run(['sh', '-c', 'echo words; sleep 0.05'])
        self.assertGreaterEqual(done.wall, 0.05)
        self.assertLess(done.cpu, 0.05)
        self.assertEqual(done.output, 'words\n')
        with self.assertRaisesRegex(process.ProgramError, 'exit status 3\nreason'):
            process.run(['sh', '-c', 'echo reason; exit 3'])

    def test_peak_memory_is_the_programs_own(self):
        _, _, peak_kb = process.run_with_memory([shutil.which('true')])
        self.assertLess(peak_kb, 60000)

    def test_unknown_and_missing_codecs(self):
        said = []
        with self.assertRaises(SystemExit):
            codecs.select(['nonsense'])
        self.assertEqual(codecs.select(['ainn-fast'], tools='/nonexistent', say=said.append), [])
        self.assertIn('ainnenc', said[0])

    def test_mosaic(self):
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, 'a.png')
            Image.fromarray(photograph(512, 768)).save(source)
            width, height = scale.build([source], 1.0, os.path.join(folder, 'out.ppm'))
            picture = metrics.load(os.path.join(folder, 'out.ppm'))
            self.assertEqual(picture.shape, (height, width, 3))
            self.assertEqual((height % 16, width % 16), (0, 0))
            self.assertLess(abs(height * width / 1e6 - 1.0), .02)
            self.assertTrue((picture[512:600, 768:800] == photograph(512, 768)[:88, :32]).all())

    @unittest.skipUnless(shutil.which('cjpeg') and shutil.which('djpeg'), 'cjpeg and djpeg are not there')
    def test_a_small_run_through_jpeg(self):
        with tempfile.TemporaryDirectory() as folder:
            photos, out = os.path.join(folder, 'photos'), os.path.join(folder, 'out')
            os.mkdir(photos)
            for number in (1, 2):
                Image.fromarray(photograph(seed=number)).save(os.path.join(photos, '%d.png' % number))
            command = [sys.executable, os.path.join(TOOLS, 'ainnbench'), photos, '-o', out, '--codecs', 'jpeg', '--settings', 'jpeg=20,50,80', '--no-plots']
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = store.read(os.path.join(out, 'results.csv'))
            self.assertEqual(len(rows), 6)
            means = store.averages(rows)['jpeg']
            self.assertEqual([m['setting'] for m in means], ['20', '50', '80'])
            self.assertTrue(means[0]['psnr'] < means[1]['psnr'] < means[2]['psnr'])
            before = os.stat(os.path.join(out, 'results.csv')).st_size
            subprocess.run(command, check=True, capture_output=True)
            self.assertEqual(os.stat(os.path.join(out, 'results.csv')).st_size, before)
            self.assertIn('jpeg', machine.read_record(out)['results']['codecs'])

            source = pictures.prepare(os.path.join(photos, '1.png'), folder)
            jpeg = next(c for c in codecs.PEERS if c.name == 'jpeg')
            setting, size, _ = crops.search(jpeg, source, 6000, folder)
            sizes = {q: os.path.getsize(jpeg.round_trip(source, q, folder)[0]) for q in (setting - 1, setting, setting + 1)}
            self.assertEqual(size, sizes[setting])
            self.assertEqual(min(abs(s - 6000) for s in sizes.values()), abs(size - 6000))

    def test_perceptual_measures_through_programs(self):
        """Stand-ins for the programs of libjxl say distances as those do; what comes of them is a BD-rate that is known."""
        with tempfile.TemporaryDirectory() as folder:
            photo = os.path.join(folder, 'photo.png')
            Image.fromarray(photograph()).save(photo)
            for program, words in (('butteraugli_main', "'%.10f\\n3-norm: %.6f\\n' 9.5"), ('ssimulacra_main', "'./lib/x.cc:54: sRGB\\n%.8f'")):
                path = os.path.join(folder, program)
                with open(path, 'w') as file:
                    file.write('#!/bin/sh\nprintf %s "$(cat "$2")"\n' % words)
                os.chmod(path, 0o755)

            def codec(name, size):
                # The setting is the distance, which the decoded "picture" holds; halving it costs twice the bytes.
                write = 'head -c $(awk "BEGIN {{ print int(%d / {q}) }}") /dev/zero > {file}; echo {q} > %s' % (size, os.path.join(folder, name))
                return codecs.Codec(name, name, ['sh', '-c', write], ['cp', os.path.join(folder, name), '{out}'], '.x', [0.5, 1, 2, 4], (0, 1, 0), '')
            paths, columns = os.environ['PATH'], ['codec', 'setting', 'picture']
            os.environ['PATH'] = folder + os.pathsep + paths
            try:
                table = store.Table(os.path.join(folder, 'perceptual.csv'), perceptual.COLUMNS, columns)
                perceptual.run([photo], [codec('peer', 4000), codec('ainn-x', 3000)], table)
            finally:
                os.environ['PATH'] = paths
            rows = store.read(os.path.join(folder, 'perceptual.csv'))
            self.assertEqual([r['butteraugli'] for r in rows if r['codec'] == 'peer'], ['0.5', '1', '2', '4'])
            for name, pairs in perceptual.bd_rates(rows, [0.1, 0.9]).items():
                self.assertAlmostEqual(pairs['peer', 'ainn-x'][0], -25, places=3, msg=name)
            self.assertIn('-25.0', perceptual.text(rows, [0.1, 0.9]))
            self.assertIn('| peer | -25.0 | -25.0 |', report._perceptual_section(folder, [0.1, 0.9]))

    def test_bad_command_lines(self):
        for arguments, word in (([], 'OUT'), (['--range', '5'], 'LO,HI'), (['/nonexistent', '-o', '/tmp/x'], 'nonexistent')):
            with tempfile.TemporaryDirectory() as folder:
                arguments = [folder if a == '/tmp/x' else a for a in arguments]
                done = subprocess.run([sys.executable, os.path.join(TOOLS, 'ainnbench')] + arguments, capture_output=True, text=True)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(word, done.stderr)
            self.assertNotIn('Traceback', done.stderr)


if __name__ == '__main__':
    unittest.main()
